const setPixelFormat = 0;
const setEncodings = 2;
const framebufferUpdateRequest = 3;
const keyEvent = 4;
const pointerEvent = 5;
const enableContinuousUpdates = 150;
const clientFence = 248;
const qemu = 255;

/**
 * Whether there is a key or pointer event among what a viewer said (RFC 6143 §7.5), for the count of idle time.
 *
 * The gateway parses the stream and writes whole messages, so a chunk begins with one unless a long one was cut in two. A wrong guess
 * then costs no more than an activity too many or too few; who may say what is decided in the gateway.
 */
export function hasInput(chunk: Buffer): boolean {
  let start = 0;
  while (start < chunk.length) {
    const type = chunk[start];
    if (type === keyEvent || type === pointerEvent || type === qemu) return true;
    const length = lengthOf(type, chunk, start);
    if (length === undefined) return false;
    start += length;
  }
  return false;
}

/** Of the messages that a viewer sends without its person; undefined of any other, and of one that is cut. */
function lengthOf(type: number | undefined, chunk: Buffer, start: number): number | undefined {
  const available = chunk.length - start;
  if (type === framebufferUpdateRequest || type === enableContinuousUpdates) return 10;
  if (type === setPixelFormat) return 20;
  if (type === setEncodings && available >= 4) return 4 + 4 * chunk.readUInt16BE(start + 2);
  if (type === clientFence && available >= 9) return 9 + chunk.readUInt8(start + 8);
  return undefined;
}
