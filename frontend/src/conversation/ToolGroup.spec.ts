import { afterEach, describe, expect, it } from 'vitest';
import type { ToolCallItem } from '@sandpiper/protocol';
import { mountWithApp } from '../testing/mountWithApp.ts';
import ToolGroup from './ToolGroup.vue';

const call = (id: string, changes: Partial<ToolCallItem> = {}): ToolCallItem => ({
  kind: 'tool',
  id,
  seq: 1,
  at: '2026-01-01T00:00:00.000Z',
  runId: 'r',
  messageId: 'm',
  name: 'shell_run',
  server: null,
  input: { command: `echo ${id}\nsecond line` },
  inputText: '',
  live: null,
  state: 'ok',
  output: '{"state":"exited","exitCode":1,"stdout":{"text":"out"},"stderr":{"text":"err"}}',
  error: null,
  durationMs: 1500,
  artefacts: [],
  ...changes,
});
const show = (items: ToolCallItem[]) => mountWithApp(ToolGroup, { items });

afterEach(() => (document.body.innerHTML = ''));

describe('consecutive calls', () => {
  it('stand by themselves when there are two', () => {
    const view = show([call('a'), call('b')]);
    expect(view.findAll('li').map((card) => card.get('code').text())).toEqual(['echo a', 'echo b']);
  });

  it('fold into one line from three on, and unfold by a click', async () => {
    const view = show([call('a'), call('b', { state: 'error' }), call('c')]);
    expect(view.findAll('li')).toHaveLength(0);
    const fold = view.get('button');
    expect(fold.text()).toContain('3 steps');
    expect(fold.text()).toContain('1 failed');
    await fold.trigger('click');
    expect(view.findAll('li')).toHaveLength(3);
    expect(fold.attributes('aria-expanded')).toBe('true');
  });

  it('keep in sight what is still running', () => {
    const view = show([call('a'), call('b'), call('c', { state: 'running', output: null, durationMs: null })]);
    expect(view.findAll('li').map((card) => card.get('code').text())).toEqual(['echo c']);
    expect(view.text()).toContain('Running');
  });

  it('open to what was given and what came of it', async () => {
    const view = show([call('a')]);
    await view.get('li button').trigger('click');
    expect(view.text()).toContain('second line');
    expect(view.text()).toMatch(/out\s+err/);
    expect(view.text()).toContain('Exit code 1');
  });
});
