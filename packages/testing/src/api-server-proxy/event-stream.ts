import type { ServerResponse } from 'node:http';
import type { StreamFault } from './faults.ts';

/** The events of one watch on their way through the proxy. */
export interface EventStream {
  push(chunk: Buffer): void;
  /** The server ended it. */
  end(): void;
  /** Breaks it off in the middle of an event. */
  cut(): void;
  /** From now on nothing passes. */
  stall(): void;
}

/** Passes whole lines on to `response`, until the fault strikes. */
export function createEventStream(response: ServerResponse, fault: StreamFault | undefined): EventStream {
  let partial = '';
  let passed = 0;
  let first: string | undefined;
  let isOver = false;

  const cut = (line = '{"type":"MODIFIED","object":{"kind":"ConfigMap","metadata":{"na'): void => {
    isOver = true;
    // Destroyed only after it was sent: a cut that takes the half line along would be a cut between lines.
    response.write(line.slice(0, Math.max(1, line.length / 2)), () => response.destroy());
  };

  const pass = (line: string): void => {
    if (fault?.kind === 'repeat') {
      first ??= line;
      response.write(`${line}\n${line}\n${first}\n`);
      return;
    }
    if (!fault || passed < (fault.afterEvents ?? 0)) {
      passed += 1;
      response.write(`${line}\n`);
    } else if (fault.kind === 'cut') cut(line);
    else if (fault.kind === 'stall') isOver = true;
    else if (fault.kind === 'expire') {
      isOver = true;
      response.end(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`);
    } else {
      isOver = true;
      response.end();
    }
  };

  return {
    push(chunk) {
      const lines = (partial + chunk.toString('utf8')).split('\n');
      partial = lines.pop() ?? '';
      for (const line of lines) if (!isOver && line !== '') pass(line);
    },
    end() {
      if (!isOver) response.end();
    },
    cut: () => cut(),
    stall: () => void (isOver = true),
  };
}

const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'too old resource version (injected)',
  reason: 'Expired',
  code: 410,
};
