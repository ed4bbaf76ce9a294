import { flushPromises } from '@vue/test-utils';
import type { VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { mountWithApp } from '../testing/mountWithApp.ts';
import { useResource } from './useResource.ts';

const asked: string[] = [];
let answer: () => Promise<Response>;
let page: VueWrapper;

const Shown = defineComponent(() => {
  const { data, failed } = useResource<string>('models');
  return () => h('p', failed.value ? `failed, ${data.value ?? 'nothing'}` : (data.value ?? 'nothing'));
});
const Two = defineComponent(() => () => [h(Shown), h(Shown)]);

beforeEach(() => {
  asked.length = 0;
  vi.useFakeTimers();
  answer = () => Promise.resolve(new Response('"first"'));
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return answer();
  });
});
afterEach(() => {
  page.unmount();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function comeBackAfter(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (const state of ['hidden', 'visible'] as const) {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
    document.dispatchEvent(new Event('visibilitychange'));
    await flushPromises();
  }
  vi.restoreAllMocks();
}

describe('a resource', () => {
  it('is asked for once by all who need it', async () => {
    page = mountWithApp(Two, {});
    await flushPromises();
    expect([asked, page.text()]).toEqual([['/api/v1/models'], 'firstfirst']);
  });

  it('is asked for again when the page is looked at half a minute later, and shows the old answer meanwhile', async () => {
    page = mountWithApp(Two, {});
    await flushPromises();
    await comeBackAfter(20_000);
    expect(asked).toHaveLength(1);
    let release = (): void => undefined;
    answer = () => new Promise((resolve) => (release = () => resolve(new Response('"second"'))));
    await comeBackAfter(11_000);
    expect([asked.length, page.text()]).toEqual([2, 'firstfirst']);
    release();
    await flushPromises();
    expect(page.text()).toBe('secondsecond');
  });

  it('that fails is tried a second time, then said to have failed, and tried anew at the next need', async () => {
    answer = () => Promise.reject(new TypeError('offline'));
    page = mountWithApp(Shown, {});
    await flushPromises();
    expect([asked.length, page.text()]).toEqual([1, 'nothing']);
    await vi.advanceTimersByTimeAsync(1000);
    await flushPromises();
    expect([asked.length, page.text()]).toEqual([2, 'failed, nothing']);
    answer = () => Promise.resolve(new Response('"there"'));
    await comeBackAfter(0);
    expect([asked.length, page.text()]).toEqual([3, 'there']);
  });
});
