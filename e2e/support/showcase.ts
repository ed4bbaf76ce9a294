import { callTool, gate, reply, say, think, usage } from '@sandpiper/testing';
import type { Gate, ModelServer } from '@sandpiper/testing';

/** A page worth looking at, which the agent of the pictures makes. */
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Pomodoro</title>
<style>
  :root { color-scheme: light; font-family: "Noto Sans", system-ui, sans-serif; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: linear-gradient(160deg, #f6f1e7, #dcefe9); color: #17302c; }
  main { text-align: center; }
  svg { width: 340px; transform: rotate(-90deg); }
  circle { fill: none; stroke-width: 14; stroke: #cfe3dc; }
  .done { stroke: #0f766e; stroke-linecap: round; stroke-dasharray: 879; stroke-dashoffset: 290; }
  .time { margin-top: -222px; font-size: 76px; font-weight: 600; letter-spacing: -2px; font-variant-numeric: tabular-nums; }
  p { margin: 4px 0 128px; font-size: 19px; color: #4c6b65; }
  button { border: 0; border-radius: 12px; padding: 14px 30px; margin: 0 6px; font: 600 18px inherit; background: #0f766e; color: white; }
  button + button { background: white; color: #17302c; box-shadow: inset 0 0 0 1px #c8d9d4; }
</style>
<main>
  <svg viewBox="0 0 300 300"><circle cx="150" cy="150" r="140"/><circle class="done" cx="150" cy="150" r="140"/></svg>
  <div class="time">16:40</div>
  <p>Focus · round 2 of 4</p>
  <button>Pause</button><button>Skip</button>
</main>
`;

const plan = (done: number) =>
  callTool('plan_update', {
    items: ['Write the page', 'Serve it in the computer', 'Try it in the browser'].map((text, index) => ({
      id: (index + 1).toString(),
      text,
      status: index < done ? 'done' : index === done ? 'active' : 'pending',
    })),
  });

export const REQUEST = 'Build a pomodoro timer as a single page, and open it so that I can try it.';

const SERVER =
  "import { createServer } from 'node:http';\nimport { readFileSync } from 'node:fs';\n\ncreateServer((_request, response) => {\n  response.setHeader('content-type', 'text/html; charset=utf-8');\n  response.end(readFileSync('pomodoro/index.html'));\n}).listen(8080, '127.0.0.1');\n";

/** Scripts a run worth a picture. It pauses at the gate, in the middle of its last message. */
export function scriptShowcase(model: ModelServer): Gate {
  const middle = gate();
  model.when((request) => request.body.stream !== true, reply(say('A pomodoro timer')));
  model.script(
    reply(
      think('A single file is enough: markup, style and a little script. I serve it on the loopback and look at it.'),
      say('I write it as one file, serve it in the computer and look at it in the browser.'),
      plan(0),
    ),
    reply(callTool('files_write', { path: 'pomodoro/index.html', content: PAGE })),
    reply(callTool('files_write', { path: 'pomodoro/serve.mjs', content: SERVER })),
    reply(plan(1)),
    reply(callTool('shell_run', { command: 'node pomodoro/serve.mjs', timeoutMs: 600 })),
    reply(plan(2)),
    reply(callTool('browser_navigate', { url: 'http://127.0.0.1:8080/' })),
    reply(plan(3)),
    reply(
      say(
        'The timer is open on the desktop. It has\n\n- a **ring** that empties as the time passes,\n- *Pause* and *Skip*, also by `Space` and `→`,\n',
      ),
      middle.wait,
      say(
        '- four rounds with a longer break after the last.\n\nThe lengths are at the top of the script:\n\n```js\nconst minutes = { focus: 25, rest: 5, longRest: 15 };\n```\n\nEverything is in `pomodoro/index.html`.',
      ),
      usage(5210, 842),
    ),
  );
  return middle;
}
