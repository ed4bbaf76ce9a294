import type { Delta, Usage } from '@sandpiper/protocol';
import type { ModelChunk } from '../providers/provider.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';
import type { AssembledCall } from './tool-call-assembly.ts';

export interface AnswerParts {
  messageId: string;
  demo: boolean;
  callIdAt: (place: number) => string;
  grow: (delta: Omit<Delta, 'runId'>) => void;
  /** Monotonic, ms. */
  now: () => number;
}

/** One answer of a model while it comes: keeps what there is, and lets it grow in the session, token by token. */
export class Answer {
  readonly messageId: string;
  text = '';
  reasoning = '';
  usage: Usage | undefined;
  finishReason: string | undefined;
  readonly #parts: AnswerParts;
  readonly #calls: ToolCallAssembly;
  #thinkingSince: number | undefined;
  #reasoningMs: number | undefined;

  constructor(parts: AnswerParts) {
    this.messageId = parts.messageId;
    this.#parts = parts;
    this.#calls = new ToolCallAssembly(parts.callIdAt);
  }

  get calls(): readonly AssembledCall[] {
    return this.#calls.calls;
  }

  get isEmpty(): boolean {
    return this.text.trim() === '' && this.calls.length === 0;
  }

  /** How long it thought before it spoke or acted; undefined when it showed no thoughts. */
  get reasoningMs(): number | undefined {
    if (this.#thinkingSince === undefined) return undefined;
    return this.#reasoningMs ?? Math.round(this.#parts.now() - this.#thinkingSince);
  }

  take(chunk: ModelChunk): void {
    switch (chunk.type) {
      case 'text':
        this.#stopThinking();
        this.#grow({ kind: 'text', id: this.messageId, offset: this.text.length, text: chunk.text });
        this.text += chunk.text;
        return;
      case 'reasoning':
        this.#thinkingSince ??= this.#parts.now();
        this.#grow({ kind: 'reasoning', id: this.messageId, offset: this.reasoning.length, text: chunk.text });
        this.reasoning += chunk.text;
        return;
      case 'tool-call': {
        this.#stopThinking();
        const { call, offset, isNew } = this.#calls.add(chunk.fragment);
        const text = chunk.fragment.arguments ?? '';
        if (text === '' && !isNew) return;
        const toolName = call.name === '' ? {} : { toolName: call.name };
        this.#grow({ kind: 'tool-input', id: call.callId, offset, text, ...toolName });
        return;
      }
      case 'usage':
        // Some providers repeat it with every chunk; the last one counts.
        this.usage = chunk.usage;
        return;
      case 'finish':
        this.finishReason = chunk.reason;
        return;
    }
  }

  #stopThinking(): void {
    if (this.#thinkingSince !== undefined) this.#reasoningMs ??= Math.round(this.#parts.now() - this.#thinkingSince);
  }

  #grow(delta: Omit<Delta, 'runId'>): void {
    this.#parts.grow(this.#parts.demo ? { ...delta, demo: true } : delta);
  }
}
