import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { flushPromises } from '@vue/test-utils';
import { mountWithApp } from '../testing/mountWithApp.ts';
import Composer from './Composer.vue';

const requests: { url: string; body: unknown }[] = [];

beforeEach(() => {
  requests.length = 0;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    requests.push({ url, body: typeof init.body === 'string' ? JSON.parse(init.body) : null });
    const answer = url.endsWith('/models')
      ? { providers: [], default: { provider: 'p', model: 'm' } }
      : { runId: 'r1', messageId: 'm1', seq: 2 };
    return Promise.resolve(new Response(JSON.stringify(answer), { status: 200 }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
  document.body.innerHTML = '';
});

const runs = () => requests.filter((request) => request.url.endsWith('/runs'));

async function write(text: string) {
  const field = mountWithApp(Composer, { sessionId: 's1' }).get('textarea');
  await field.setValue(text);
  return field;
}

describe('Enter', () => {
  it('sends', async () => {
    const field = await write('hello');
    await field.trigger('keydown', { key: 'Enter' });
    await flushPromises();
    expect(runs()).toEqual([{ url: '/api/v1/sessions/s1/runs', body: { text: 'hello', attachments: [] } }]);
    expect(field.element.value).toBe('');
  });

  it('belongs to the input method while it composes', async () => {
    const field = await write('你好');
    await field.trigger('keydown', { key: 'Enter', isComposing: true });
    // Safari ends the composition first and marks this Enter by its key code only.
    await field.trigger('keydown', { key: 'Enter', keyCode: 229 });
    await flushPromises();
    expect(runs()).toEqual([]);
    expect(field.element.value).toBe('你好');
  });

  it('with Shift breaks the line', async () => {
    const field = await write('one');
    const event = new KeyboardEvent('keydown', { key: 'Enter', shiftKey: true, cancelable: true });
    field.element.dispatchEvent(event);
    await flushPromises();
    expect(event.defaultPrevented).toBe(false);
    expect(runs()).toEqual([]);
  });

  it('sends nothing when there is nothing but space', async () => {
    const field = await write('  \n ');
    await field.trigger('keydown', { key: 'Enter' });
    await flushPromises();
    expect(runs()).toEqual([]);
  });
});
