import DOMPurify from 'dompurify';
import MarkdownIt from 'markdown-it';
import type { Env, MarkdownIt as Markdown, Token } from 'markdown-it';

/** The words that a rendered block shows by itself. */
export interface MarkdownWords {
  copy: string;
  /** On the button that stands for a remote image. */
  showImage: (host: string, alt: string) => string;
}

/** What markdown-it carries through one text: link references of earlier blocks hold for later ones. */
export interface MarkdownEnvironment extends Env {
  words: MarkdownWords;
}

const ALLOWED_TAGS =
  'p br hr h1 h2 h3 h4 h5 h6 blockquote ul ol li strong em s del code pre a img table thead tbody tr th td div span button'.split(
    ' ',
  );
const ALLOWED_ATTR = [
  'href',
  'target',
  'rel',
  'title',
  'class',
  'start',
  'type',
  'align',
  'alt',
  'src',
  'data-image',
  'data-copy',
  'tabindex',
];

/** Raw HTML is shown as text; what remains is what Markdown itself can say. */
const markdown = createMarkdown();

export function parse(text: string, env: MarkdownEnvironment): Token[] {
  return markdown.parse(text, env);
}

/** HTML that is safe to insert: no raw HTML came in, and what the renderer made is sanitised all the same. */
export function toSafeHtml(tokens: Token[], env: MarkdownEnvironment): string {
  const html = markdown.renderer.render(tokens, markdown.options, env);
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|data:image\/(?:png|gif|jpeg|webp);)/i,
    // Checked as addresses otherwise, and dropped.
    ADD_URI_SAFE_ATTR: ['target', 'rel', 'type', 'start', 'align', 'data-image', 'data-copy', 'tabindex'],
  });
}

function createMarkdown(): Markdown {
  const instance = new MarkdownIt({ html: false, linkify: true, breaks: false });
  const { rules } = instance.renderer;
  const plain = instance.renderer.renderToken.bind(instance.renderer);

  // Bare `file.py` or `example.com` in prose is hardly ever meant as a link.
  instance.linkify.set({ fuzzyLink: false, fuzzyEmail: false });

  rules['link_open'] = (tokens, index, options) => {
    const token = tokens[index];
    if (token && !attribute(token, 'href').startsWith('#')) {
      token.attrSet('target', '_blank');
      token.attrSet('rel', 'noopener noreferrer nofollow');
    }
    return plain(tokens, index, options);
  };
  rules['table_open'] = () => '<div class="table-scroll" tabindex="0"><table>';
  rules['table_close'] = () => '</table></div>';
  // Column alignment comes as a style attribute, which a strict content policy refuses.
  for (const cell of ['th_open', 'td_open']) {
    rules[cell] = (tokens, index, options) => {
      const token = tokens[index];
      const alignment = /text-align:(\w+)/.exec(token ? attribute(token, 'style') : '')?.[1];
      if (token) token.attrs = alignment ? [['align', alignment]] : [];
      return plain(tokens, index, options);
    };
  }
  rules['image'] = (tokens, index, _options, env) => {
    const token = tokens[index];
    const source = token ? attribute(token, 'src') : '';
    const alt = escape(token?.content ?? '');
    if (source.startsWith('data:')) return `<img src="${escape(source)}" alt="${alt}">`;
    const host = hostOf(source);
    // Loading it would tell a stranger's server that, and when, this conversation is read.
    if (host === null) return `<code>${alt || escape(source)}</code>`;
    return `<button type="button" class="blocked-image" data-image="${escape(source)}" title="${alt}">${escape(wordsOf(env).showImage(host, token?.content ?? ''))}</button>`;
  };
  rules['fence'] = rules['code_block'] = (tokens, index, _options, env) => {
    const token = tokens[index];
    if (!token) return '';
    const copy = escape(wordsOf(env).copy);
    return `<div class="code-block"><div class="code-head"><span>${escape(languageOf(token.info))}</span><button type="button" data-copy="1">${copy}</button></div><pre tabindex="0"><code>${escape(token.content)}</code></pre></div>`;
  };
  return instance;

  function escape(text: string): string {
    return instance.utils.escapeHtml(text);
  }
}

/** The first word of a fence's info string: ```` ```python title="x" ````. */
export function languageOf(info: string): string {
  return info.trim().split(/\s+/)[0] ?? '';
}

function attribute(token: Token, name: string): string {
  return String(token.attrGet(name) ?? '');
}

/** Only `parse` and `toSafeHtml` call the renderer, and both pass a MarkdownEnvironment. */
function wordsOf(env: unknown): MarkdownWords {
  return (env as MarkdownEnvironment).words;
}

function hostOf(source: string): string | null {
  try {
    const { protocol, host } = new URL(source);
    return protocol === 'https:' || protocol === 'http:' ? host : null;
  } catch {
    return null;
  }
}
