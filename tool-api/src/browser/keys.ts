import { browserErrors } from './errors.ts';

/** Lower-case names that people, models and X use, to those of `KeyboardEvent.key`. */
const ALIASES: Record<string, string> = {
  ctrl: 'Control',
  control: 'Control',
  alt: 'Alt',
  option: 'Alt',
  shift: 'Shift',
  meta: 'Meta',
  cmd: 'Meta',
  command: 'Meta',
  super: 'Meta',
  win: 'Meta',
  enter: 'Enter',
  return: 'Enter',
  esc: 'Escape',
  escape: 'Escape',
  space: ' ',
  tab: 'Tab',
  backspace: 'Backspace',
  del: 'Delete',
  delete: 'Delete',
  ins: 'Insert',
  insert: 'Insert',
  up: 'ArrowUp',
  down: 'ArrowDown',
  left: 'ArrowLeft',
  right: 'ArrowRight',
  arrowup: 'ArrowUp',
  arrowdown: 'ArrowDown',
  arrowleft: 'ArrowLeft',
  arrowright: 'ArrowRight',
  home: 'Home',
  end: 'End',
  pageup: 'PageUp',
  page_up: 'PageUp',
  pagedown: 'PageDown',
  page_down: 'PageDown',
  plus: '+',
  minus: '-',
};

/** `ctrl+a` → `Control+a`, in playwright's notation. Throws `KEY_UNKNOWN` for what cannot be a key. */
export function toPlaywrightKey(chord: string): string {
  // A plus at the end is the key itself: "ctrl++", "+".
  const parts = chord.trim() === '+' ? ['+'] : chord.trim().replace(/\+\+$/, '+plus').split('+');
  const keys = parts.map((part) => {
    const name = part.trim();
    const alias = ALIASES[name.toLowerCase()];
    if (alias !== undefined) return alias;
    if (/^f([1-9]|1[0-9]|2[0-4])$/i.test(name)) return name.toUpperCase();
    if (/^.$/u.test(name) || /^[A-Z][A-Za-z]+\d?$/.test(name)) return name;
    throw browserErrors.KEY_UNKNOWN({ key: chord });
  });
  return keys.join('+');
}
