import { delta } from '@sandpiper/protocol';
import { reply, startModelServer, tokens } from '@sandpiper/testing';
import { readFrames, startGateway } from './gateway.ts';
import type { RunningGateway } from './gateway.ts';
import type { Benchmark, Row } from './report.ts';
import { percentile } from './report.ts';

interface Load {
  streams: number;
  tokensEach: number;
  perSecond: number;
}

const LOADS: Load[] = [
  { streams: 1, tokensEach: 200, perSecond: 100 },
  { streams: 50, tokensEach: 100, perSecond: 20 },
];

/** Each token is the moment at which the model server sent it, so its age at arrival is what the road cost. */
const stamped = ({ tokensEach, perSecond }: Load) =>
  reply(tokens(tokensEach, { perSecond, token: () => `${performance.now().toFixed(3)};` }));

export const tokenOverhead: Benchmark = {
  name: 'tokens',
  method:
    'Age of each token at arrival, sent by a scripted model server: through the gateway (agent loop, log, event stream) less the same read directly; and the time from asking to the first token, less the same directly.',
  async run() {
    const model = await startModelServer();
    const gateway = await startGateway(model.baseUrl);
    try {
      const rows: Row[] = [];
      for (const load of LOADS) {
        model.when(
          () => true,
          () => stamped(load),
        );
        await measure(load, () => throughGateway(gateway)); // warm-up
        const direct = await measure(load, () => directly(model.baseUrl));
        const relayed = await measure(load, () => throughGateway(gateway));
        const name = load.streams === 1 ? '1 stream' : `${load.streams} streams`;
        rows.push(
          {
            what: `per token, ${name}, p50`,
            value: percentile(relayed.ages, 0.5) - percentile(direct.ages, 0.5),
            unit: 'ms',
            ...(load.streams === 1 ? { aim: { atMost: 1 } } : {}),
          },
          {
            what: `per token, ${name}, p99`,
            value: percentile(relayed.ages, 0.99) - percentile(direct.ages, 0.99),
            unit: 'ms',
          },
          {
            what: `to the first token, ${name}, p50`,
            value: percentile(relayed.firsts, 0.5) - percentile(direct.firsts, 0.5),
            unit: 'ms',
            ...(load.streams === 1 ? { aim: { atMost: 10 } } : {}),
          },
        );
      }
      return rows;
    } finally {
      await gateway.close();
      await model.close();
    }
  },
};

interface Samples {
  ages: number[];
  /** One per stream: ms from asking to the first token. */
  firsts: number[];
}

type Road = () => Promise<(onText: (text: string) => void) => Promise<void>>;

async function measure({ streams }: Load, open: Road): Promise<Samples> {
  const samples: Samples = { ages: [], firsts: [] };
  // One stream gives one first token, which is a poor sample: ask a few times, one after another.
  const rounds = streams === 1 ? 5 : 1;
  for (let round = 0; round < rounds; round++) {
    const roads = await Promise.all(Array.from({ length: streams }, open));
    await Promise.all(
      roads.map(async (ask) => {
        const asked = performance.now();
        let first = true;
        let held = '';
        await ask((text) => {
          const arrived = performance.now();
          if (first) samples.firsts.push(arrived - asked);
          first = false;
          const stamps = (held + text).split(';');
          held = stamps.pop() ?? '';
          for (const stamp of stamps) samples.ages.push(arrived - Number(stamp));
        });
      }),
    );
  }
  return samples;
}

function directly(baseUrl: string): ReturnType<Road> {
  return Promise.resolve(async (onText) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'scripted', stream: true, messages: [{ role: 'user', content: 'go' }] }),
    });
    if (!response.body) throw new Error('The model server sent no body.');
    await readFrames(response.body, (_event, data) => {
      if (data === '[DONE]') return;
      const chunk = JSON.parse(data) as { choices?: { delta?: { content?: string } }[] };
      const text = chunk.choices?.[0]?.delta?.content;
      if (text) onText(text);
    });
  });
}

async function throughGateway(gateway: RunningGateway): ReturnType<Road> {
  const sessionId = await gateway.newSession();
  const listener: { onText: (text: string) => void; finished: () => void } = {
    onText: () => undefined,
    finished: () => undefined,
  };
  let seen = 0;
  const stop = await gateway.events(sessionId, (event, data) => {
    if (event === 'delta' || event === 'partial') {
      const { kind, offset, text } = delta.parse(JSON.parse(data));
      if (kind !== 'text') return;
      // A partial may repeat what was seen.
      listener.onText(text.slice(Math.max(0, seen - offset)));
      seen = offset + text.length;
    } else if (event === 'session' && data.includes('"run.completed"')) {
      listener.finished();
    }
  });
  return async (onText) => {
    const finished = Promise.withResolvers<undefined>();
    listener.onText = onText;
    listener.finished = () => finished.resolve(undefined);
    await gateway.request('POST', `sessions/${sessionId}/runs`, { text: 'go' });
    await finished.promise;
    stop();
  };
}
