import { askUser, browserNavigate, filesRead, filesWrite, planUpdate, shellRun } from '@sandpiper/protocol';
import type { ModelMessage, ModelRequest } from '../provider.ts';
import { pageFor, programFor, serverSource } from './programs.ts';

/** What the tour does next: some words, and the calls that go with them. */
export interface Move {
  text: string;
  calls: { name: string; arguments: Record<string, unknown> }[];
}

const PORT = 8321;
const FOLDER = 'sandpiper-tour';

const steps = [
  'Write a small program and run it',
  'Start a web page and open it in the browser',
  'Show the file it wrote',
];

/**
 * Where the tour stands is read from the conversation, as a model would: how many calls were answered since the person's last
 * message, and whether the last one failed. Pure.
 */
export function nextMove({ messages, tools }: Pick<ModelRequest, 'messages' | 'tools'>): Move {
  const last = messages.findLastIndex((message) => message.role === 'user' && !isNote(message));
  const wish = withoutNotes(textOf(messages[last]));
  const results = messages.slice(last + 1).filter((message) => message.role === 'tool');
  const has = (name: string): boolean => tools.some((tool) => tool.name === name);
  if (!has(shellRun.name)) return chatOnly(wish);
  const failure = results.map((result) => failureIn(textOf(result))).find((found) => found !== undefined);
  if (failure !== undefined) return giveUp(failure);
  if (/\b(ask|question)\b|问/i.test(wish) && has(askUser.name)) return askingTour(results.map(textOf));
  return tour(wish, results.map(textOf));
}

function tour(wish: string, results: string[]): Move {
  const program = programFor(wish);
  const file = `${FOLDER}/${program.file}`;
  switch (results.length) {
    case 0:
      return {
        text: `This is the **demo**: no model is configured, so a script follows a short tour, whatever you write. But the computer is real, and so is every step you see.${echo(wish)}\n\nHere is the plan.`,
        calls: [plan(0)],
      };
    case 1:
      return {
        text: `First, ${program.what}, written to \`${file}\`.`,
        calls: [{ name: filesWrite.name, arguments: { path: file, content: program.source } }],
      };
    case 2:
      return {
        text: 'Now I run it.',
        calls: [{ name: shellRun.name, arguments: { command: program.command, cwd: FOLDER } }, plan(1)],
      };
    case 4:
      return {
        text: `It printed:\n\n${fence(outputOf(results[2]))}\n\nNext, a web page with what it found, served from inside the computer.`,
        calls: [
          {
            name: filesWrite.name,
            arguments: { path: `${FOLDER}/index.html`, content: pageFor(outputOf(results[2])) },
          },
          { name: filesWrite.name, arguments: { path: `${FOLDER}/serve.mjs`, content: serverSource(PORT) } },
          { name: shellRun.name, arguments: { command: serve, cwd: FOLDER, timeoutMs: 5_000 } },
        ],
      };
    case 7:
      return {
        text: 'I open it in the browser. Watch the desktop.',
        calls: [{ name: browserNavigate.name, arguments: { url: `http://localhost:${PORT}/` } }, plan(2)],
      };
    case 9:
      return {
        text: 'And this is the file that the program wrote.',
        calls: [{ name: filesRead.name, arguments: { path: `${FOLDER}/result.txt` } }, plan(3)],
      };
    default:
      return {
        text: [
          `That is the tour. You find **${file}**, \`result.txt\` and \`index.html\` under *Files*, the page is still open on the *Desktop*, and the *Terminal* is yours to try.`,
          'You can take over the mouse at any time, and press *Stop* while something runs.',
          'To talk to a real model, set `OPENAI_API_KEY` or `OPENROUTER_API_KEY`, or list any compatible server in `providers.json`, and start Sandpiper again.',
        ].join('\n\n'),
        calls: [],
      };
  }
}

function askingTour(results: string[]): Move {
  if (results.length === 0) {
    return {
      text: 'This is the **demo**, a script. A model can ask you something in the middle of its work; it looks like this.',
      calls: [
        {
          name: askUser.name,
          arguments: { question: 'Which of these do you like best?', options: ['Rivers', 'Mountains', 'The sea'] },
        },
      ],
    };
  }
  return {
    text: `You chose **${answerIn(results[0] ?? '')}**. Write anything else for the tour of the computer.`,
    calls: [],
  };
}

function chatOnly(wish: string): Move {
  return {
    text: [
      `This is the **demo**: no model is configured, so a script answers, whatever you write.${echo(wish)}`,
      'Computers are not available on this installation either (the banner says why), so I cannot run anything, and I will not pretend to.',
      'For real answers set `OPENAI_API_KEY` or `OPENROUTER_API_KEY`, or list any compatible server in `providers.json`, and start Sandpiper again.',
    ].join('\n\n'),
    calls: [],
  };
}

function giveUp(failure: string): Move {
  return {
    text: `That step did not work, so the tour ends here:\n\n${fence(failure)}\n\nThe demo is a script and cannot look for another way, as a model would. Write anything to start the tour again.`,
    calls: [],
  };
}

/** @param done  how many steps are done; the next one is active */
function plan(done: number): Move['calls'][number] {
  const items = steps.map((text, index) => ({
    id: `${index + 1}`,
    text,
    status: index < done ? 'done' : index === done ? 'active' : 'pending',
  }));
  return { name: planUpdate.name, arguments: { items } };
}

/** A server that a second tour finds running is left as it is: it reads the page anew for each request. */
const serve = `up() { (exec 3<>/dev/tcp/127.0.0.1/${PORT}) 2>/dev/null; }
up || (node serve.mjs >serve.log 2>&1 &)
for i in $(seq 40); do up && echo "serving on port ${PORT}" && exit 0; sleep 0.1; done
cat serve.log >&2; exit 1`;

/** What Sandpiper says in the person's place (a restart, a stop) may stand before what the person says. */
const withoutNotes = (text: string): string => text.replaceAll(/\[Sandpiper: [^\]]*\]/g, '').trim();

const isNote = (message: ModelMessage): boolean => withoutNotes(textOf(message)) === '';

function textOf(message: ModelMessage | undefined): string {
  if (message === undefined) return '';
  if (typeof message.content === 'string') return message.content;
  return (message.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** What went wrong, in the words the model was told: an error's code, or a command that failed. */
function failureIn(result: string): string | undefined {
  if (/^[A-Z][A-Z0-9_]+: /.test(result) || result.startsWith('[This call was') || result.startsWith('[The person'))
    return result;
  const { exitCode, stderr } = parsed(result) as { exitCode?: unknown; stderr?: { text?: unknown } };
  if (typeof exitCode !== 'number' || exitCode === 0) return undefined;
  return `exit code ${exitCode}\n${typeof stderr?.text === 'string' ? stderr.text : ''}`.trim();
}

function outputOf(result: string | undefined): string {
  const { stdout } = parsed(result ?? '') as { stdout?: { text?: unknown } };
  return typeof stdout?.text === 'string' ? stdout.text.trim() : '';
}

function answerIn(result: string): string {
  const { answer } = parsed(result) as { answer?: unknown };
  return typeof answer === 'string' ? answer : '';
}

function parsed(result: string): object {
  try {
    const value: unknown = JSON.parse(result);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

const fence = (text: string): string => `\`\`\`text\n${text.replaceAll('```', "'''").slice(0, 1_500)}\n\`\`\``;

function echo(wish: string): string {
  const line = wish.trim().split('\n')[0]?.slice(0, 80) ?? '';
  return line === '' ? '' : ` (A model would now work on “${line.replaceAll(/[`*_[\]<>]/g, '')}”.)`;
}
