import { isAllowedEncoding } from './encodings.ts';

/** The viewer sent something that is not RFB as we allow it; the connection must be closed. */
export class RfbViolation extends Error {
  override readonly name = 'RfbViolation';
}

export interface ViewerFilterOptions {
  /** Asked for each input message: whether this viewer holds control at this moment. */
  mayInput(): boolean;
  /** A message of keyboard, pointer or clipboard was let through. */
  onInput?(): void;
}

/** Longest message that is kept while it is incomplete; a longer one is a violation before it is read. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

const MAX_ENCODINGS = 256;
const MAX_SCREENS = 16;

const messageType = {
  setPixelFormat: 0,
  setEncodings: 2,
  framebufferUpdateRequest: 3,
  keyEvent: 4,
  pointerEvent: 5,
  clientCutText: 6,
  enableContinuousUpdates: 150,
  clientFence: 248,
  setDesktopSize: 251,
  qemu: 255,
} as const;

/**
 * Reads what a viewer sends after `ClientInit` and lets through only what it may say (RFC 6143 §7.5 and the extensions that
 * noVNC uses). Input (keys, pointer, clipboard, a change of the desktop's size) passes only while the viewer holds control, and is
 * dropped otherwise; a message that is unknown, oversized or malformed ends the connection.
 *
 * Memory is bounded by `MAX_MESSAGE_BYTES` plus one chunk.
 */
export class ViewerFilter {
  readonly #options: ViewerFilterOptions;
  #held: Buffer = Buffer.alloc(0);

  constructor(options: ViewerFilterOptions) {
    this.#options = options;
  }

  /**
   * @returns the bytes that may go on to the server, in order
   * @throws RfbViolation
   */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const passed: Buffer[] = [];
    let start = 0;
    // Neighbours that pass unchanged leave as one slice.
    let from = 0;
    const flush = (until: number): void => {
      if (until > from) passed.push(bytes.subarray(from, until));
    };
    while (start < bytes.length) {
      const length = messageLength(bytes, start);
      if (length === undefined) break;
      if (length > MAX_MESSAGE_BYTES) throw new RfbViolation(`A message of ${length} bytes is too long.`);
      const end = start + length;
      if (end > bytes.length) break;
      const replacement = this.#judge(bytes, start, end);
      if (replacement !== 'pass') {
        flush(start);
        if (replacement.length > 0) passed.push(replacement);
        from = end;
      }
      start = end;
    }
    flush(start);
    // Copied, so that a large chunk is not kept alive by its last few bytes.
    this.#held = start === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start));
    return passed;
  }

  #judge(bytes: Buffer, start: number, end: number): 'pass' | Buffer {
    switch (bytes[start]) {
      case messageType.setEncodings:
        return limitEncodings(bytes, start);
      case messageType.keyEvent:
      case messageType.pointerEvent:
      case messageType.clientCutText:
      case messageType.setDesktopSize:
      case messageType.qemu:
        if (!this.#options.mayInput()) return Buffer.alloc(0);
        this.#options.onInput?.();
        return 'pass';
      case messageType.clientFence:
        // The length byte was read by messageLength; flags may say "request" only from the server's side.
        return end - start > 9 + 64 ? Buffer.alloc(0) : 'pass';
      default:
        return 'pass';
    }
  }
}

/**
 * @returns the whole length of the message at `start`, or undefined when its header is not complete
 * @throws RfbViolation when it is none that a viewer may send
 */
function messageLength(bytes: Buffer, start: number): number | undefined {
  const available = bytes.length - start;
  const type = bytes[start];
  switch (type) {
    case messageType.setPixelFormat:
      return 20;
    case messageType.setEncodings: {
      if (available < 4) return undefined;
      const count = bytes.readUInt16BE(start + 2);
      if (count > MAX_ENCODINGS) throw new RfbViolation(`${count} encodings are too many.`);
      return 4 + 4 * count;
    }
    case messageType.framebufferUpdateRequest:
    case messageType.enableContinuousUpdates:
      return 10;
    case messageType.keyEvent:
      return 8;
    case messageType.pointerEvent:
      return 6;
    case messageType.clientCutText: {
      if (available < 8) return undefined;
      // The extended clipboard says its length as a negative number.
      return 8 + Math.abs(bytes.readInt32BE(start + 4));
    }
    case messageType.clientFence: {
      if (available < 9) return undefined;
      const payload = bytes.readUInt8(start + 8);
      if (payload > 64) throw new RfbViolation(`A fence of ${payload} bytes is too long.`);
      return 9 + payload;
    }
    case messageType.setDesktopSize: {
      if (available < 8) return undefined;
      const screens = bytes.readUInt8(start + 6);
      if (screens > MAX_SCREENS) throw new RfbViolation(`${screens} screens are too many.`);
      return 8 + 16 * screens;
    }
    case messageType.qemu: {
      if (available < 2) return undefined;
      const submessage = bytes.readUInt8(start + 1);
      // 0 is the extended key event; 1 would switch on audio.
      if (submessage !== 0) throw new RfbViolation(`QEMU message ${submessage} is not allowed.`);
      return 12;
    }
    default:
      throw new RfbViolation(`Message type ${type ?? 'none'} is not allowed.`);
  }
}

function limitEncodings(bytes: Buffer, start: number): Buffer {
  const count = bytes.readUInt16BE(start + 2);
  const wanted = Array.from({ length: count }, (_, index) => bytes.readInt32BE(start + 4 + 4 * index));
  const kept = wanted.filter(isAllowedEncoding);
  const message = Buffer.alloc(4 + 4 * kept.length);
  message.writeUInt8(messageType.setEncodings, 0);
  message.writeUInt16BE(kept.length, 2);
  kept.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
  return message;
}
