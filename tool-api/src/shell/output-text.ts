import type { CommandOutput } from '@sandpiper/protocol';
import type { OutputLog } from './output-log.ts';

const PART_BYTES = 16 * 1024;

/**
 * Output as UTF-8 text. A sequence that is cut off by the end of the bytes is left for the next read, unless nothing comes after it;
 * what is no UTF-8 becomes U+FFFD.
 *
 * @returns `consumed`: how many of the bytes are in `text`
 */
export function decodeOutput(bytes: Buffer, isEnd: boolean): { text: string; consumed: number } {
  const consumed = isEnd ? bytes.length : completeLength(bytes);
  return { text: bytes.toString('utf8', 0, consumed), consumed };
}

/** All of a short output; the first and the last 16 kB of a long one, with a line between them that says what is missing. */
export async function summarise(log: OutputLog): Promise<CommandOutput> {
  const { totalBytes } = log;
  if (totalBytes === 0) return { text: '', totalBytes, truncated: false };
  if (totalBytes <= 2 * PART_BYTES) {
    const { bytes } = await log.read(0, totalBytes);
    return { text: bytes.toString('utf8'), totalBytes, truncated: bytes.length < totalBytes };
  }
  const head = await log.read(0, PART_BYTES);
  const tail = await log.read(totalBytes - PART_BYTES, PART_BYTES);
  const { text, consumed } = decodeOutput(head.bytes, false);
  const skipped = leadingContinuation(tail.bytes);
  const tailStart = tail.offset + skipped;
  const missing = `\n… ${(tailStart - consumed).toString()} bytes left out; shell_output from offset ${consumed.toString()} has them …\n`;
  return { text: text + missing + tail.bytes.toString('utf8', skipped), totalBytes, truncated: true };
}

/** Length without a multi-byte sequence that has begun but not ended (RFC 3629 §3). */
function completeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function leadingContinuation(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && isContinuation(bytes[count] ?? 0)) count++;
  return count;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
