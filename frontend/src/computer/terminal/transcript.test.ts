import { applyDelta } from '@sandpiper/protocol';
import { expect, test } from 'vitest';
import { stepsOf } from '../lookback/steps.ts';
import { callBegins, callEnds, runBegins, sessionAfter } from '../testing.ts';
import { ansiOf, commandsOf, commandTextOf } from './transcript.ts';

const begun = [...runBegins(), callBegins('c', 'shell_run', { command: 'make' })];
const commandOf = (state: ReturnType<typeof sessionAfter>) => commandTextOf(commandsOf(stepsOf(state.timeline))[0]!);

test('a running command shows what it says', () => {
  const state = applyDelta(sessionAfter(...begun), {
    kind: 'tool-output',
    id: 'c',
    runId: 'r1',
    offset: 0,
    text: 'cc a.c\n',
  });
  expect(commandOf(state)).toEqual({ command: 'make', output: 'cc a.c\n', exitCode: null });
});

test('a finished one shows both streams and how it ended', () => {
  const answer = JSON.stringify({ exitCode: 2, stdout: { text: 'out' }, stderr: { text: 'err\n' } });
  const text = commandOf(sessionAfter(...begun, callEnds('c', [], 'r1', answer)));
  expect(text).toEqual({ command: 'make', output: 'out\nerr\n', exitCode: 2 });
  expect(ansiOf(text)).toMatch(/make.*\nout\nerr\n.*2/s);
});

test('an answer that is no JSON is shown as it is', () => {
  expect(commandOf(sessionAfter(...begun, callEnds('c', [], 'r1', 'stopped')))).toMatchObject({ output: 'stopped' });
});
