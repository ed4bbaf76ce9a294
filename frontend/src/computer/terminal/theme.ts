import type { ITheme } from '@xterm/xterm';

const LIGHT = {
  black: '#1c1b19',
  red: '#b42318',
  green: '#17703a',
  yellow: '#92500a',
  blue: '#1d5fa8',
  magenta: '#8a3a8f',
  cyan: '#0f766e',
  white: '#57534c',
  brightBlack: '#706b62',
  brightRed: '#c93a2c',
  brightGreen: '#1f8a49',
  brightYellow: '#a8650f',
  brightBlue: '#2a74c7',
  brightMagenta: '#a14da6',
  brightCyan: '#128a80',
  brightWhite: '#1c1b19',
};
const DARK = {
  black: '#46423c',
  red: '#f8867c',
  green: '#5fd08a',
  yellow: '#f3b64c',
  blue: '#7fb2f0',
  magenta: '#d79bdc',
  cyan: '#2dd4bf',
  white: '#d9d5ce',
  brightBlack: '#98928a',
  brightRed: '#fba79f',
  brightGreen: '#86e0a6',
  brightYellow: '#f8cd82',
  brightBlue: '#a5caf6',
  brightMagenta: '#e5bbe8',
  brightCyan: '#5eead4',
  brightWhite: '#ffffff',
};

/** The terminal's colours: those of the page, and sixteen that go with them. */
export function terminalTheme(element: HTMLElement, dark: boolean): ITheme {
  const token = tokenReader(element);
  return {
    ...(dark ? DARK : LIGHT),
    background: token('--surface'),
    foreground: token('--ink'),
    cursor: token('--accent'),
    cursorAccent: token('--surface'),
    selectionBackground: dark ? '#2dd4bf40' : '#0f766e33',
  };
}

/** Reads a token as the colour it stands for now; the tokens themselves are light-dark pairs. */
function tokenReader(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${name})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return hexOf(color);
  };
}

function hexOf(color: string): string {
  const channels = color.match(/[\d.]+/g)?.slice(0, 3) ?? [];
  return `#${channels.map((channel) => Math.round(Number(channel)).toString(16).padStart(2, '0')).join('')}`;
}
