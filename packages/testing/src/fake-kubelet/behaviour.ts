/** Annotation of a pod that says how it is to fare: `crash-loop exitCode=3 afterMs=200`. May change while it lives. */
export const behaviourAnnotation = 'fake-kubelet/behaviour';

const kinds = [
  /** Runs, and is ready. */
  'run',
  /** Runs, and never is ready. */
  'never-ready',
  /** Its image is not to be had. */
  'image-pull-failure',
  /** Its containers end again and again. */
  'crash-loop',
  /** Its containers are killed for want of memory, `times` times. */
  'oom',
  /** Its containers end by themselves, `times` times. */
  'exit',
  /** The node throws it out. */
  'evict',
  /** Runs, and does not go when it is deleted. */
  'stuck-terminating',
] as const;

export interface Behaviour {
  kind: (typeof kinds)[number];
  /** From binding until its containers run. */
  startMs: number;
  /** From running until ready. */
  readyMs: number;
  /** How long it runs before what it is to suffer. */
  afterMs: number;
  exitCode: number;
  times: number;
}

const defaults: Behaviour = { kind: 'run', startMs: 0, readyMs: 0, afterMs: 0, exitCode: 1, times: 1 };

/**
 * Reads the text of the annotation: a kind, then `key=number` in any order. Pure.
 *
 * @throws an Error that says what is wrong with it
 */
export function parseBehaviour(text: string): Behaviour {
  const [kind = '', ...settings] = text.trim().split(/\s+/);
  const known = kinds.find((each) => each === kind);
  if (known === undefined) throw new Error(`There is no behaviour ${kind}; there are ${kinds.join(', ')}.`);
  const behaviour: Behaviour = { ...defaults, kind: known };
  for (const setting of settings) {
    const { key, value } = /^(?<key>startMs|readyMs|afterMs|exitCode|times)=(?<value>\d+)$/.exec(setting)?.groups ?? {};
    if (key === undefined) {
      throw new Error(
        `${setting} is no setting; there are startMs, readyMs, afterMs, exitCode and times, with numbers.`,
      );
    }
    behaviour[key as 'startMs'] = Number(value);
  }
  return behaviour;
}
