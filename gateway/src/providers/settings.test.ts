import { describe, expect, test } from 'vitest';
import { createProviders } from './providers.ts';
import { readModelSettings } from './settings.ts';

const file = (value: unknown) => ({
  path: '/etc/providers.json',
  text: typeof value === 'string' ? value : JSON.stringify(value),
});
const local = {
  baseUrl: 'http://localhost:11434/v1',
  models: ['llama', { id: 'eyes', name: 'With eyes', vision: true }],
};

test('keys in the environment bring their providers', () => {
  const settings = readModelSettings({
    OPENAI_API_KEY: ' sk ',
    OPENAI_BASE_URL: 'http://x/v1',
    OPENROUTER_API_KEY: 'or',
    OPENAI_MODELS: 'a, b',
  });
  expect(settings.providers).toMatchObject([
    { id: 'openai', apiKey: 'sk', baseUrl: 'http://x/v1', models: [{ id: 'a' }, { id: 'b' }] },
    { id: 'openrouter', apiKey: 'or', baseUrl: 'https://openrouter.ai/api/v1' },
  ]);
  expect(settings.default).toEqual({ provider: 'openai', model: 'a' });
});

test('without any key there is the demo, labelled', () => {
  const { providers, default: ref } = createProviders(readModelSettings({ OPENAI_API_KEY: '' })).list();
  expect(providers).toMatchObject([{ id: 'demo', demo: true }]);
  expect(ref).toEqual({ provider: 'demo', model: 'tour' });
});

test('the file adds providers, replaces known ones, and names the default', () => {
  const settings = readModelSettings(
    { OPENAI_API_KEY: 'sk', LOCAL: 'k' },
    file({
      default: 'local/eyes',
      providers: { local: { ...local, apiKeyEnv: 'LOCAL' }, openai: { ...local, name: 'Mine' } },
    }),
  );
  expect(settings.providers).toMatchObject([
    { id: 'local', name: 'local', apiKey: 'k', models: [{ vision: false }, { name: 'With eyes', vision: true }] },
    { id: 'openai', name: 'Mine' },
  ]);
  const providers = createProviders(settings);
  expect(providers.default).toEqual({ provider: 'local', model: 'eyes' });
  expect(() => providers.resolve({ provider: 'local', model: 'other' })).toThrow(/other/);
});

test('a key that is not set is named when the model is used', async () => {
  const providers = createProviders(
    readModelSettings({}, file({ providers: { local: { ...local, apiKeyEnv: 'LOCAL' } } })),
  );
  const { provider } = providers.resolve({ provider: 'local', model: 'llama' });
  const chunks = provider.stream({ model: 'llama', messages: [], tools: [] }, new AbortController().signal);
  await expect(async () => {
    for await (const _ of chunks);
  }).rejects.toMatchObject({
    error: { code: 'PROVIDER_KEY_MISSING', message: expect.stringContaining('LOCAL') as string },
  });
});

describe('a broken providers.json is refused in one line', () => {
  test.each([
    ['{"providers": {', /^\/etc\/providers\.json: \(top\): is not JSON/],
    [{}, /^\/etc\/providers\.json: providers: /],
    [{ providers: { a: { models: ['x'] } } }, /providers\.a\.baseUrl: /],
    [
      { providers: { a: { baseUrl: 'nonsense', models: ['x'] } } },
      /providers\.a\.baseUrl: is not an http or https URL$/,
    ],
    [{ providers: { a: { baseUrl: 'http://x', models: [] } } }, /providers\.a\.models: needs at least one model$/],
    [{ providers: { a: { ...local, apiKey: 'sk-secret' } } }, /providers\.a\.apiKey: is not a known field$/],
    [
      { providers: { a: { ...local, apiKeyEnv: 'not a name' } } },
      /providers\.a\.apiKeyEnv: is not the name of a variable$/,
    ],
    [{ default: 'a/zzz', providers: { a: local } }, /default: names a\/zzz, which is not listed$/],
    [{ default: 'a', providers: { a: local } }, /default: is not of the form/],
  ])('%j', (value, line) => {
    const read = () => readModelSettings({}, file(value));
    expect(read).toThrow(line);
    expect(read).not.toThrow(/\n|sk-secret/);
  });
});
