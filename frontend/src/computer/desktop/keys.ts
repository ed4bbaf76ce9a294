/** A key as RFB names it (X keysym) and as the keyboard has it (`code`, for servers that want scancodes). */
export interface Key {
  keysym: number;
  code: string | null;
}

export const keys = {
  Escape: { keysym: 0xff1b, code: 'Escape' },
  Tab: { keysym: 0xff09, code: 'Tab' },
  Enter: { keysym: 0xff0d, code: 'Enter' },
  Backspace: { keysym: 0xff08, code: 'Backspace' },
  Delete: { keysym: 0xffff, code: 'Delete' },
  Left: { keysym: 0xff51, code: 'ArrowLeft' },
  Up: { keysym: 0xff52, code: 'ArrowUp' },
  Right: { keysym: 0xff53, code: 'ArrowRight' },
  Down: { keysym: 0xff54, code: 'ArrowDown' },
  F4: { keysym: 0xffc1, code: 'F4' },
  F5: { keysym: 0xffc2, code: 'F5' },
  F11: { keysym: 0xffc8, code: 'F11' },
  PrintScreen: { keysym: 0xff61, code: 'PrintScreen' },
  Control: { keysym: 0xffe3, code: 'ControlLeft' },
  Alt: { keysym: 0xffe9, code: 'AltLeft' },
  Super: { keysym: 0xffeb, code: 'MetaLeft' },
  V: { keysym: 0x76, code: 'KeyV' },
  T: { keysym: 0x74, code: 'KeyT' },
  W: { keysym: 0x77, code: 'KeyW' },
} as const satisfies Record<string, Key>;
export type KeyName = keyof typeof keys;

/** What the keys menu offers: chords that the person's own system or browser would swallow. */
export const chords: readonly { label: string; keys: readonly KeyName[] }[] = [
  { label: 'Ctrl + Alt + Del', keys: ['Control', 'Alt', 'Delete'] },
  { label: 'Esc', keys: ['Escape'] },
  { label: 'Tab', keys: ['Tab'] },
  { label: 'Alt + Tab', keys: ['Alt', 'Tab'] },
  { label: 'Alt + F4', keys: ['Alt', 'F4'] },
  { label: 'Ctrl + T', keys: ['Control', 'T'] },
  { label: 'Ctrl + W', keys: ['Control', 'W'] },
  { label: 'F5', keys: ['F5'] },
  { label: 'F11', keys: ['F11'] },
  { label: 'Print Screen', keys: ['PrintScreen'] },
];

/** One stroke of a chord: down in order, up in reverse. */
export function strokesOf(chord: readonly Key[]): { key: Key; down: boolean }[] {
  return [...chord.map((key) => ({ key, down: true })), ...chord.toReversed().map((key) => ({ key, down: false }))];
}

/**
 * The key of one character. Latin-1 characters are their own keysym; all others are Unicode keysyms
 * (https://www.x.org/releases/X11R7.7/doc/xproto/x11protocol.html#keysym_encoding).
 */
export function keyOf(char: string): Key {
  const point = char.codePointAt(0) ?? 0;
  if (char === '\n' || char === '\r') return keys.Enter;
  if (char === '\t') return keys.Tab;
  const isLatin1 = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff);
  return { keysym: isLatin1 ? point : 0x0100_0000 | point, code: null };
}
