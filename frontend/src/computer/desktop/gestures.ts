/**
 * What fingers mean on the desktop.
 * - `view`: one finger moves the view, two zoom it.
 * - `direct`: a tap clicks where it is, a long press or two fingers click right, one finger scrolls, two zoom and move the view.
 * - `touchpad`: one finger moves the pointer, taps click at the pointer, two fingers scroll, a pinch zooms, and a tap followed
 *   at once by a drag drags.
 */
export type TouchMode = 'view' | 'direct' | 'touchpad';

export type TouchInput =
  | { kind: 'down' | 'move'; id: number; x: number; y: number; atMs: number }
  | { kind: 'up' | 'cancel'; id: number; atMs: number }
  /** Nothing happened for `LONG_PRESS_MS` since the last `down`. */
  | { kind: 'held' };

export type TouchAction =
  | { kind: 'pan'; dx: number; dy: number }
  | { kind: 'zoom'; factor: number; x: number; y: number }
  | { kind: 'click'; button: 'left' | 'right'; x: number; y: number }
  | { kind: 'scroll'; dx: number; dy: number; x: number; y: number }
  | { kind: 'pointer'; dx: number; dy: number }
  | { kind: 'press' }
  | { kind: 'release' };

export const LONG_PRESS_MS = 500;
const TAP_MS = 300;
const TAP_DISTANCE_PX = 10;
/** A touch that begins this soon after a tap continues it: a double click's second tap, or a drag. */
const TAP_AND_DRAG_MS = 250;

interface Finger {
  startX: number;
  startY: number;
  x: number;
  y: number;
}

/** Turns touches into actions. Pure but for its own state: the caller has the clock and carries out the actions. */
export class Gestures {
  mode: TouchMode;
  readonly #fingers = new Map<number, Finger>();
  /** Since the first finger came down. */
  #startedAtMs = 0;
  #mostFingers = 0;
  #moved = false;
  #spent = false;
  #dragging = false;
  #lastTapAtMs = -Infinity;
  /** What two fingers on the touch pad turned out to do. */
  #pair: 'undecided' | 'scroll' | 'zoom' = 'undecided';

  constructor(mode: TouchMode) {
    this.mode = mode;
  }

  push(input: TouchInput): TouchAction[] {
    switch (input.kind) {
      case 'down':
        return this.#down(input);
      case 'move':
        return this.#move(input);
      case 'held':
        return this.#held();
      case 'up':
      case 'cancel':
        return this.#up(input);
    }
  }

  #down({ id, x, y, atMs }: { id: number; x: number; y: number; atMs: number }): TouchAction[] {
    if (this.#fingers.size === 0) {
      this.#startedAtMs = atMs;
      this.#mostFingers = 0;
      this.#moved = false;
      this.#spent = false;
    }
    this.#fingers.set(id, { startX: x, startY: y, x, y });
    this.#mostFingers = Math.max(this.#mostFingers, this.#fingers.size);
    this.#pair = 'undecided';
    if (this.mode === 'touchpad' && this.#fingers.size === 1 && atMs - this.#lastTapAtMs < TAP_AND_DRAG_MS) {
      this.#dragging = true;
      return [{ kind: 'press' }];
    }
    return [];
  }

  #move({ id, x, y }: { id: number; x: number; y: number }): TouchAction[] {
    const finger = this.#fingers.get(id);
    if (!finger) return [];
    const before = this.#centre();
    const spreadBefore = this.#spread();
    const from = { x: finger.x, y: finger.y };
    finger.x = x;
    finger.y = y;
    if (!this.#moved && Math.hypot(x - finger.startX, y - finger.startY) < TAP_DISTANCE_PX) {
      // Not yet a move: a tap trembles. What it was is made up for by the first real move.
      finger.x = from.x;
      finger.y = from.y;
      return [];
    }
    this.#moved = true;
    if (this.#spent) return [];
    if (this.#fingers.size === 1) return this.#moveOne(x - from.x, y - from.y, x, y);
    const centre = this.#centre();
    return this.#moveTwo(centre.x - before.x, centre.y - before.y, this.#spread() / (spreadBefore || 1), centre);
  }

  #moveOne(dx: number, dy: number, x: number, y: number): TouchAction[] {
    // What is left of a pinch when its first finger goes up is no gesture of its own.
    if (this.#mostFingers > 1) return [];
    if (this.mode === 'view') return [{ kind: 'pan', dx, dy }];
    if (this.mode === 'direct') return [{ kind: 'scroll', dx, dy, x, y }];
    return [{ kind: 'pointer', dx, dy }];
  }

  #moveTwo(dx: number, dy: number, factor: number, { x, y }: { x: number; y: number }): TouchAction[] {
    if (this.mode !== 'touchpad') {
      return [
        { kind: 'zoom', factor, x, y },
        { kind: 'pan', dx, dy },
      ];
    }
    if (this.#pair === 'undecided') this.#pair = this.#decide();
    if (this.#pair === 'zoom') return [{ kind: 'zoom', factor, x, y }];
    return this.#pair === 'scroll' ? [{ kind: 'scroll', dx, dy, x, y }] : [];
  }

  /** Fingers that went apart zoom; fingers that went the same way scroll. */
  #decide(): 'undecided' | 'scroll' | 'zoom' {
    const [a, b] = [...this.#fingers.values()];
    if (!a || !b) return 'undecided';
    const apart = Math.abs(Math.hypot(a.x - b.x, a.y - b.y) - Math.hypot(a.startX - b.startX, a.startY - b.startY));
    const along = Math.hypot(a.x + b.x - a.startX - b.startX, a.y + b.y - a.startY - b.startY) / 2;
    if (Math.max(apart, along) < TAP_DISTANCE_PX) return 'undecided';
    return apart > along ? 'zoom' : 'scroll';
  }

  #held(): TouchAction[] {
    const [finger] = this.#fingers.values();
    if (!finger || this.#fingers.size > 1 || this.#moved || this.#spent || this.#dragging || this.mode === 'view')
      return [];
    this.#spent = true;
    return [{ kind: 'click', button: 'right', x: finger.x, y: finger.y }];
  }

  #up({ kind, id, atMs }: { kind: 'up' | 'cancel'; id: number; atMs: number }): TouchAction[] {
    const finger = this.#fingers.get(id);
    if (!finger) return [];
    this.#fingers.delete(id);
    if (this.#fingers.size > 0) return [];
    if (this.#dragging) {
      this.#dragging = false;
      // A second tap without a drag: press and release are its click already.
      this.#lastTapAtMs = -Infinity;
      return [{ kind: 'release' }];
    }
    const isTap = kind === 'up' && !this.#moved && !this.#spent && atMs - this.#startedAtMs < TAP_MS;
    if (!isTap || this.mode === 'view') return [];
    if (this.#mostFingers === 1) this.#lastTapAtMs = atMs;
    return [{ kind: 'click', button: this.#mostFingers === 1 ? 'left' : 'right', x: finger.x, y: finger.y }];
  }

  #centre(): { x: number; y: number } {
    const fingers = [...this.#fingers.values()];
    const sum = fingers.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
    return { x: sum.x / fingers.length, y: sum.y / fingers.length };
  }

  #spread(): number {
    const [a, b] = [...this.#fingers.values()];
    return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }
}
