import { z } from 'zod';
import { operations, type Operation } from './operations.ts';

/**
 * The reference as one page: plain HTML that needs no script, so that nothing has to be allowed for it, and that reads the same
 * with the network off.
 */
export function referencePage(version: string): string {
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const sections = tags.map((tag) =>
    section(
      tag,
      operations.filter((operation) => operation.tag === tag),
    ),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandpiper API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Sandpiper API <small>${escape(version)}</small></h1>
<p>All routes lie below <code>/api/v1</code>. Unless a route says otherwise, send <code>Authorization: Bearer &lt;access token&gt;</code>,
which <a href="#post-/auth/login">signing in</a> gives. Errors are one envelope:
<code>{code, message, retryable, hint?, issues?}</code>. For programs: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${tags.map((tag) => `<a href="#${escape(tag)}">${escape(tag)}</a>`).join(' ')}</nav>
</header>
<main>${sections.join('')}</main>
</body>
</html>
`;
}

function section(tag: string, members: readonly Operation[]): string {
  return `<section><h2 id="${escape(tag)}">${escape(tag)}</h2>${members.map(article).join('')}</section>`;
}

function article({ method, path, summary, description, open, query, headers, body, answers }: Operation): string {
  const parts = [
    description === undefined ? '' : `<p>${prose(description)}</p>`,
    open ? '<p>Without sign-in.</p>' : '',
    schemaBlock('Query', query),
    schemaBlock('Headers', headers),
    schemaBlock('Body', body),
    ...Object.entries(answers).map(([status, answer]) => answerBlock(status, answer)),
  ];
  return `<details id="${escape(`${method}-${path}`)}"><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escape(path)}</code> ${escape(summary)}</summary>${parts.join('')}</details>`;
}

function answerBlock(status: string, answer: Operation['answers'][number] | undefined): string {
  if (answer === null || answer === undefined) return `<h4>${status}</h4><p>No content.</p>`;
  if (typeof answer === 'string') return `<h4>${status}</h4><p><code>${escape(answer)}</code></p>`;
  return schemaBlock(status, answer, 'output');
}

function schemaBlock(title: string, schema: z.ZodType | undefined, io: 'input' | 'output' = 'input'): string {
  if (!schema) return '';
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return `<h4>${escape(title)}</h4><pre>${escape(JSON.stringify(json, null, 2))}</pre>`;
}

/** Backquotes become code. */
const prose = (text: string): string => escape(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.55 system-ui, sans-serif; }
body { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 6rem; }
h1 small { font-weight: normal; opacity: 0.7; font-size: 1rem; }
h2 { margin-top: 2.5rem; font-size: 1.1rem; }
h4 { margin: 1rem 0 0.25rem; }
nav a { margin-right: 1rem; }
details { border-top: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding: 0.5rem 0; }
summary { cursor: pointer; overflow-wrap: anywhere; }
summary b { display: inline-block; min-width: 4.2rem; font-size: 0.8rem; }
pre { overflow-x: auto; padding: 0.75rem; border-radius: 6px; background: color-mix(in srgb, currentColor 7%, transparent); max-height: 28rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
`;
