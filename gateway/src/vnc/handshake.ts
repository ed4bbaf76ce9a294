import { RfbViolation } from './viewer-filter.ts';

/*
 * The gateway ends the handshake on both sides, so that neither can lead the other's parser astray: a hostile server that
 * offered VNC authentication would otherwise make the viewer send bytes which the filter reads as messages.
 * RFC 6143 §7.1: version, security type (None), result, ClientInit; then ServerInit passes as it is.
 */

const VERSION = Buffer.from('RFB 003.008\n', 'latin1');
const SECURITY_NONE = 1;

/** What a side of the handshake does with bytes: what to answer, and what lies behind the handshake once it is done. */
export interface HandshakeStep {
  reply: Buffer;
  done: boolean;
  rest: Buffer;
}

/** Towards the viewer: we are the server. `greeting` opens, then `push` until `done`. */
export class ViewerHandshake {
  readonly greeting = VERSION;
  #held: Buffer = Buffer.alloc(0);
  #stage: 'version' | 'security' | 'init' = 'version';

  push(chunk: Buffer): HandshakeStep {
    this.#held = Buffer.concat([this.#held, chunk]);
    const replies: Buffer[] = [];
    if (this.#stage === 'version' && this.#held.length >= VERSION.length) {
      const version = this.#take(VERSION.length).toString('latin1');
      // 3.3 and 3.7 negotiate otherwise; every viewer of today speaks 3.8.
      if (version !== VERSION.toString('latin1'))
        throw new RfbViolation(`Version ${JSON.stringify(version)} is not RFB 003.008.`);
      replies.push(Buffer.from([1, SECURITY_NONE]));
      this.#stage = 'security';
    }
    if (this.#stage === 'security' && this.#held.length >= 1) {
      const chosen = this.#take(1).readUInt8(0);
      if (chosen !== SECURITY_NONE) throw new RfbViolation(`Security type ${chosen} was not offered.`);
      replies.push(Buffer.alloc(4));
      this.#stage = 'init';
    }
    if (this.#stage === 'init' && this.#held.length >= 1) {
      // ClientInit: the shared flag is forced on our side, whatever the viewer asks for.
      this.#take(1);
      return { reply: Buffer.concat(replies), done: true, rest: this.#held };
    }
    if (this.#held.length > VERSION.length) throw new RfbViolation('More bytes than a handshake has.');
    return { reply: Buffer.concat(replies), done: false, rest: Buffer.alloc(0) };
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

/** Towards the desktop: we are a viewer that shares. Ends with `ClientInit`; `rest` begins with `ServerInit`. */
export class ServerHandshake {
  #held: Buffer = Buffer.alloc(0);
  #stage: 'version' | 'security' | 'result' = 'version';

  push(chunk: Buffer): HandshakeStep {
    this.#held = Buffer.concat([this.#held, chunk]);
    const replies: Buffer[] = [];
    if (this.#stage === 'version' && this.#held.length >= VERSION.length) {
      const version = this.#take(VERSION.length).toString('latin1');
      if (!/^RFB 003\.\d{3}\n$/.test(version)) throw new RfbViolation('The desktop does not speak RFB.');
      replies.push(VERSION);
      this.#stage = 'security';
    }
    if (this.#stage === 'security' && this.#held.length >= 1) {
      const count = this.#held.readUInt8(0);
      if (count === 0) throw new RfbViolation('The desktop refuses connections.');
      if (this.#held.length >= 1 + count) {
        const offered = this.#take(1 + count).subarray(1);
        if (!offered.includes(SECURITY_NONE)) throw new RfbViolation('The desktop wants a password.');
        replies.push(Buffer.from([SECURITY_NONE]));
        this.#stage = 'result';
      }
    }
    if (this.#stage === 'result' && this.#held.length >= 4) {
      if (this.#take(4).readUInt32BE(0) !== 0) throw new RfbViolation('The desktop refused the viewer.');
      const shared = Buffer.from([1]);
      return { reply: Buffer.concat([...replies, shared]), done: true, rest: this.#held };
    }
    if (this.#held.length > 512) throw new RfbViolation('More bytes than a handshake has.');
    return { reply: Buffer.concat(replies), done: false, rest: Buffer.alloc(0) };
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}
