/**
 * What runs inside pages: another world with other globals, where a bundler must not touch anything; hence text. Playwright calls a
 * function, by sending what its `toString` says, but only evaluates a string.
 */
function inPage(source: string): () => never {
  const runsElsewhere = (): never => {
    throw new Error('This function runs in the page.');
  };
  return Object.assign(runsElsewhere, { toString: () => source });
}

type PageFunction<Result, Argument = void> = (argument: Argument) => Result;

interface Size {
  width: number;
  height: number;
}

export const VISIBILITY: PageFunction<string> = inPage('() => document.visibilityState');

/** Of the viewport, CSS pixels. */
export const VIEWPORT: PageFunction<Size> = inPage('() => ({ width: innerWidth, height: innerHeight })');

/** Of the whole document, CSS pixels. */
export const DOCUMENT_SIZE: PageFunction<Size> = inPage(
  '() => ({ width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight })',
);

export const SCROLL_POSITION: PageFunction<{ x: number; y: number; maxX: number; maxY: number }> = inPage(`() => {
  const root = document.scrollingElement ?? document.documentElement;
  return {
    x: Math.round(scrollX),
    y: Math.round(scrollY),
    maxX: Math.max(0, root.scrollWidth - innerWidth),
    maxY: Math.max(0, root.scrollHeight - innerHeight),
  };
}`);

/** Two frames and a moment: event handlers have run, and what they changed has been drawn. */
export const TURN: PageFunction<Promise<unknown>> = inPage(`() => new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 20)));
})`);

/** The wheel is answered by another thread and animated: ends when the position rested for six frames. */
export const SCROLL_END: PageFunction<Promise<unknown>> = inPage(`() => new Promise((resolve) => {
  let x = scrollX, y = scrollY, calm = 0, frames = 0;
  const look = () => {
    calm = scrollX === x && scrollY === y ? calm + 1 : 0;
    x = scrollX;
    y = scrollY;
    frames += 1;
    if (calm >= 6 || frames > 120) resolve();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})`);

/** What a field holds; nothing for passwords and for what is no field. */
export const FIELD_VALUE: PageFunction<string | undefined, unknown> = inPage(`(element) => {
  if (element instanceof HTMLInputElement) return element.type === 'password' ? undefined : element.value;
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return element.value;
  return element.isContentEditable ? element.innerText : undefined;
}`);

export interface ValueText {
  text: string;
  totalChars: number;
}

/**
 * The value of an expression, or of calling it, as JSON. It becomes text and is cut in the page, so that
 * `window` or a million rows never cross to this process. The expression stands outside of the
 * function that does so, where it sees no variables of ours.
 */
export function valueAsText(expression: string, maxChars: number): PageFunction<Promise<ValueText>, unknown> {
  return inPage(`(element) => (async (evaluate) => {
  let value = await evaluate();
  if (typeof value === 'function') value = value(element);
  value = await value;
  const seen = new WeakSet();
  const text = JSON.stringify(value, (key, item) => {
    if (typeof item === 'bigint') return String(item);
    if (item instanceof Node) return '<' + item.nodeName.toLowerCase() + '>';
    if (typeof item === 'function') return '[function]';
    if (item instanceof Map || item instanceof Set) return [...item];
    if (typeof item === 'object' && item !== null) {
      if (seen.has(item)) return '[seen above]';
      seen.add(item);
    }
    return item;
  }) ?? 'undefined';
  return { text: text.slice(0, ${maxChars}), totalChars: text.length };
})(async () => (${expression}
))`);
}
