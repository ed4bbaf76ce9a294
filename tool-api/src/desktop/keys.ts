import { desktopErrors } from './errors.ts';

/** Lower-case names that people, models and browsers use, to X keysyms (/usr/include/X11/keysymdef.h). */
const ALIASES: Record<string, string> = {
  control: 'ctrl',
  ctrl: 'ctrl',
  alt: 'alt',
  option: 'alt',
  shift: 'shift',
  cmd: 'super',
  command: 'super',
  meta: 'super',
  super: 'super',
  win: 'super',
  windows: 'super',
  enter: 'Return',
  return: 'Return',
  esc: 'Escape',
  escape: 'Escape',
  space: 'space',
  spacebar: 'space',
  tab: 'Tab',
  backspace: 'BackSpace',
  del: 'Delete',
  delete: 'Delete',
  ins: 'Insert',
  insert: 'Insert',
  home: 'Home',
  end: 'End',
  pageup: 'Page_Up',
  page_up: 'Page_Up',
  pagedown: 'Page_Down',
  page_down: 'Page_Down',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  arrowup: 'Up',
  arrowdown: 'Down',
  arrowleft: 'Left',
  arrowright: 'Right',
  capslock: 'Caps_Lock',
  printscreen: 'Print',
  contextmenu: 'Menu',
};

/** Keysyms whose name is not the character. */
const PUNCTUATION: Record<string, string> = {
  ' ': 'space',
  '+': 'plus',
  '-': 'minus',
  '=': 'equal',
  ',': 'comma',
  '.': 'period',
  '/': 'slash',
  '\\': 'backslash',
  ';': 'semicolon',
  ':': 'colon',
  "'": 'apostrophe',
  '"': 'quotedbl',
  '`': 'grave',
  '[': 'bracketleft',
  ']': 'bracketright',
  '{': 'braceleft',
  '}': 'braceright',
  '(': 'parenleft',
  ')': 'parenright',
  '<': 'less',
  '>': 'greater',
  '?': 'question',
  '!': 'exclam',
  '@': 'at',
  '#': 'numbersign',
  $: 'dollar',
  '%': 'percent',
  '^': 'asciicircum',
  '&': 'ampersand',
  '*': 'asterisk',
  _: 'underscore',
  '|': 'bar',
  '~': 'asciitilde',
};

/**
 * `Ctrl+Enter` → `ctrl+Return`, in xdotool's notation. Names that are not known go through as keysyms; whether there is such a key,
 * only X knows. Throws `DESKTOP_KEY_UNKNOWN` for what cannot be a name.
 */
export function toXdotoolKey(chord: string): string {
  // A plus at the end is the key itself: "ctrl++", "+".
  const parts = chord.trim() === '+' ? ['+'] : chord.trim().replace(/\+\+$/, '+plus').split('+');
  const keys = parts.map((part) => keysymOf(part.trim(), chord));
  // The keysym A is shift and a; people who write Ctrl+A mean the key.
  return keys.length === 1 ? keys.join() : keys.map((key) => (/^[A-Z]$/.test(key) ? key.toLowerCase() : key)).join('+');
}

function keysymOf(name: string, chord: string): string {
  const alias = ALIASES[name.toLowerCase()] ?? PUNCTUATION[name];
  if (alias !== undefined) return alias;
  if (/^f\d{1,2}$/i.test(name)) return name.toUpperCase();
  if (/^[A-Za-z0-9][A-Za-z0-9_]*$/.test(name)) return name;
  throw desktopErrors.DESKTOP_KEY_UNKNOWN({ key: chord });
}
