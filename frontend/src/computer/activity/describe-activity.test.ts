import { applyDelta } from '@sandpiper/protocol';
import type { EventInput, SandboxPhaseName } from '@sandpiper/protocol';
import { describe, expect, test } from 'vitest';
import { messages as english } from '../../i18n/en/computer.ts';
import { messages as chinese } from '../../i18n/zh/computer.ts';
import { callBegins, callEnds, runBegins, runEnds, sessionAfter } from '../testing.ts';
import { describeActivity, hostOf } from './describe-activity.ts';

const told = (...events: EventInput[]) => describeActivity(sessionAfter(...events), 'tab-1').message;

/** The English sentence of a message, so that a key without words fails here and not on the page. */
function sentence(
  { key, params }: { key: string; params: Record<string, string> },
  messages: unknown = english,
): string {
  const found = key
    .split('.')
    .slice(1)
    .reduce<unknown>((level, part) => (level as Record<string, unknown> | undefined)?.[part], messages);
  if (typeof found !== 'string') throw new Error(`${key} has no words`);
  return found.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? `{${name}}`);
}

describe('while a call runs', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['browser_navigate', { url: 'https://docs.python.org/3/library/' }, 'Browsing docs.python.org'],
    ['browser_navigate', { url: 'www.example.org/a?b' }, 'Browsing example.org'],
    ['browser_navigate', { url: 'http://localhost:8000/x' }, 'Browsing localhost:8000'],
    ['browser_navigate', { url: 'file:///home/agent/site/index%20one.html' }, 'Browsing site/index one.html'],
    ['browser_navigate', { action: 'back' }, 'Opening a page'],
    ['shell_run', { command: 'pytest -q\necho done' }, 'Running pytest -q'],
    ['shell_run', { command: 'x'.repeat(100) }, `Running ${'x'.repeat(63)}…`],
    ['files_write', { path: '/home/agent/site/src/app.ts' }, 'Writing src/app.ts'],
    ['files_somethingnew', {}, 'Working with files'],
    ['web_search', { query: 'sandpiper bird' }, 'Searching the web for sandpiper bird'],
    ['desktop_drag', {}, 'Using the desktop'],
    ['unheard_of', {}, 'Using unheard of'],
    ['shell_run', { command: 42 }, 'Preparing a command'],
  ])('%s %j', (name, input, expected) => {
    expect(sentence(told(...runBegins(), callBegins('c', name, input)))).toBe(expected);
  });

  test('of an MCP server, its name and the tool are told', () => {
    const call = { ...callBegins('c', 'mcp__github__create_issue'), server: 'github' } as EventInput;
    expect(sentence(told(...runBegins(), call))).toBe('github: create issue');
  });

  test('its name is told before its input has come', () => {
    const state = applyDelta(sessionAfter(...runBegins()), {
      kind: 'tool-input',
      id: 'c',
      runId: 'r1',
      offset: 0,
      text: '{"comm',
      toolName: 'shell_run',
    });
    expect(sentence(describeActivity(state, 'tab-1').message)).toBe('Preparing a command');
  });
});

describe('between calls', () => {
  test('the agent thinks, and writes as soon as there is text', () => {
    const thinking = sessionAfter(...runBegins(), callBegins('c', 'shell_run'), callEnds('c'));
    expect(sentence(describeActivity(thinking, 'tab-1').message)).toBe('Thinking');
    const writing = applyDelta(thinking, { kind: 'text', id: 'm2', runId: 'r1', offset: 0, text: 'So' });
    expect(sentence(describeActivity(writing, 'tab-1').message)).toBe('Writing an answer');
  });

  test('a question waits, whatever else goes on', () => {
    const asked: EventInput = {
      type: 'question.asked',
      questionId: 'q',
      runId: 'r1',
      kind: 'question',
      text: 'Which?',
    };
    expect(describeActivity(sessionAfter(...runBegins(), asked), 'tab-1')).toMatchObject({ tone: 'waiting' });
  });

  test('a call of an earlier run says nothing about this one', () => {
    expect(
      sentence(
        told(
          ...runBegins('r0'),
          callBegins('c', 'shell_run', { command: 'ls' }, 'r0'),
          runEnds('r0'),
          ...runBegins('r1'),
        ),
      ),
    ).toBe('Thinking');
  });
});

test.each([
  [{ viewerId: 'tab-1', name: 'Ada', userId: 'ada' }, 'You have control'],
  [{ viewerId: 'tab-2', name: 'Ada', userId: 'ada' }, 'You have control in another tab'],
  [{ viewerId: 'tab-2', name: 'Bob', userId: 'bob' }, 'Bob has control'],
  [{ viewerId: 'tab-2' }, 'Someone has control'],
])('control held by %j is the news, and who waits for it', (holder, expected) => {
  const taken: EventInput = { type: 'control.changed', holder: 'person', ...holder };
  const seen = (...events: EventInput[]) => sentence(describeActivity(sessionAfter(...events), 'tab-1', 'ada').message);
  expect(seen(...runBegins(), callBegins('c', 'shell_run'), taken)).toBe(`${expected}; the agent waits`);
  expect(seen(taken)).toBe(expected);
});

test('every phase of the computer has words, in both languages', () => {
  const phases: SandboxPhaseName[] = [
    'none',
    'creating',
    'starting-tools',
    'starting-desktop',
    'ready',
    'suspending',
    'suspended',
    'failed',
    'finished',
    'unavailable',
  ];
  for (const phase of phases) {
    const message = told({ type: 'sandbox.phase', phase });
    expect(sentence(message)).not.toBe('');
    expect(sentence(message, chinese)).toMatch(/\p{Script=Han}/u);
  }
});

test('what is no URL is shown as it is', () => {
  expect(hostOf('http://')).toBe('http://');
  expect(hostOf('')).toBe('');
});
