import { desktopClipboard, desktopKey, desktopType } from '@sandpiper/protocol';
import { cut } from '../browser/snapshot.ts';
import { defineTool, type Tool } from '../tool.ts';
import { readClipboard, withClipboard, writeClipboard } from './clipboard.ts';
import { desktopErrors } from './errors.ts';
import { toXdotoolKey } from './keys.ts';
import { runProgram, type XAccess } from './programs.ts';

/** What xdotool types without losing any of it; it drops other characters at any speed. */
const TYPABLE = /^[\n\t\x20-\x7e]*$/;
/** Longer text is pasted: keys take about 3 ms each. */
const MAX_TYPED_CHARS = 2000;
const MAX_CLIPBOARD_CHARS = 200_000;

export function typeTool(x: XAccess): Tool {
  return defineTool({
    ...desktopType,
    handler: async ({ text, pasteWith }, { signal }) => {
      const typedChars = text.length;
      if (TYPABLE.test(text) && typedChars <= MAX_TYPED_CHARS) {
        const type = ['type', '--clearmodifiers', '--delay', '2', '--file', '-'];
        await runProgram(x, 'xdotool', type, { signal, input: text, timeoutMs: 5000 + 20 * typedChars });
        return { typedChars, method: 'keys' as const };
      }
      await withClipboard(x, text, signal, () => press(x, toXdotoolKey(pasteWith), 1, signal));
      return { typedChars, method: 'clipboard' as const };
    },
  });
}

export function keyTool(x: XAccess): Tool {
  return defineTool({
    ...desktopKey,
    handler: async ({ key, count }, { signal }) => {
      const pressed = toXdotoolKey(key);
      await press(x, pressed, count, signal);
      return { pressed };
    },
  });
}

async function press(x: XAccess, key: string, count: number, signal: AbortSignal): Promise<void> {
  const args = ['key', '--clearmodifiers', '--repeat', String(count), '--repeat-delay', '20', key];
  const { stderr } = await runProgram(x, 'xdotool', args, { signal });
  // It warns, presses the rest of the chord, and calls that a success.
  if (stderr.includes('No such key name')) throw desktopErrors.DESKTOP_KEY_UNKNOWN({ key });
}

export function clipboardTool(x: XAccess): Tool {
  return defineTool({
    ...desktopClipboard,
    handler: async ({ action, text }, { signal }) => {
      if (action === 'set') {
        if (text === undefined) throw desktopErrors.TEXT_NEEDED();
        await writeClipboard(x, text, signal);
        return { text: cut(text, 0, 1000).text, totalChars: text.length };
      }
      const whole = await readClipboard(x, signal);
      const part = cut(whole, 0, MAX_CLIPBOARD_CHARS);
      return { text: part.text, ...(part.nextOffset !== undefined && { totalChars: whole.length }) };
    },
  });
}
