/** What the model is told of one call at most, in UTF-8 bytes; the event's `output` has the same bound. */
const MAX_OUTPUT_BYTES = 32 * 1024;

/**
 * The beginning and the end of a text, with a line between them that says how much is missing. Two thirds are kept of the end, where
 * commands say how they went.
 */
export function boundText(text: string, maxBytes = MAX_OUTPUT_BYTES): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  const room = Math.max(0, maxBytes - 64);
  const head = bytes.subarray(0, headEnd(bytes, Math.floor(room / 3)));
  const tail = bytes.subarray(tailStart(bytes, bytes.length - Math.ceil((room * 2) / 3)));
  const left = bytes.length - head.length - tail.length;
  return `${head.toString('utf8')}\n[… ${left} bytes left out …]\n${tail.toString('utf8')}`;
}

/**
 * A value as JSON that stays JSON: where it is too long, its long strings are shortened, more and more, until it fits. What does not
 * fit even then (thousands of small values) is cut as text.
 */
export function boundJson(value: unknown, maxBytes = MAX_OUTPUT_BYTES): string {
  const whole = JSON.stringify(value);
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  for (let limit = maxBytes; limit >= 256; limit = Math.floor(limit / 2)) {
    const shortened = JSON.stringify(value, (_key, held: unknown) =>
      typeof held === 'string' ? boundText(held, limit) : held,
    );
    if (Buffer.byteLength(shortened) <= maxBytes) return shortened;
  }
  return boundText(whole, maxBytes);
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

function headEnd(bytes: Buffer, wanted: number): number {
  let end = wanted;
  while (end > 0 && isContinuation(bytes[end])) end--;
  return end;
}

function tailStart(bytes: Buffer, wanted: number): number {
  let start = wanted;
  while (start < bytes.length && isContinuation(bytes[start])) start++;
  return start;
}
