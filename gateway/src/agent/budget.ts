import type { Usage } from '@sandpiper/protocol';
import { agentErrors } from './errors.ts';

export interface BudgetLimits {
  /** Answers of the model. */
  maxSteps: number;
  /** Time at work; waiting for the person does not count. */
  maxMs: number;
  /** Input and output together, of all steps. */
  maxTokens: number;
}

export const defaultBudget: BudgetLimits = { maxSteps: 150, maxMs: 2 * 60 * 60_000, maxTokens: 20_000_000 };

/** What one run may use before it is ended. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  readonly #startedAt: number;
  #steps: number;
  #tokens = 0;
  #waitedMs = 0;

  /** @param steps  taken already, by an owner before */
  constructor(limits: BudgetLimits, steps: number, now: () => number) {
    this.#limits = limits;
    this.#steps = steps;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Counts a step that is about to begin. Throws `RUN_STEP_LIMIT`, `RUN_TIME_LIMIT`, `RUN_TOKEN_LIMIT` when there is none left. */
  takeStep(): void {
    const { maxSteps, maxMs, maxTokens } = this.#limits;
    if (this.#steps >= maxSteps) throw agentErrors.RUN_STEP_LIMIT({ steps: maxSteps });
    if (this.#tokens >= maxTokens) throw agentErrors.RUN_TOKEN_LIMIT({ tokens: maxTokens });
    if (this.#now() - this.#startedAt - this.#waitedMs >= maxMs) {
      throw agentErrors.RUN_TIME_LIMIT({ minutes: Math.round(maxMs / 60_000) });
    }
    this.#steps++;
  }

  use(usage: Usage): void {
    this.#tokens += usage.inputTokens + usage.outputTokens;
  }

  /** Awaits something that is the person's time, not the run's. */
  async pausedFor<T>(wait: Promise<T>): Promise<T> {
    const since = this.#now();
    try {
      return await wait;
    } finally {
      this.#waitedMs += this.#now() - since;
    }
  }
}
