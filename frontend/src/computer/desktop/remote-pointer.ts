/**
 * Moves the mouse of the remote desktop from code. noVNC offers keys but no pointer, so this speaks to its canvas the way a
 * mouse does: with mouse events, in CSS pixels of the canvas.
 */
export class RemotePointer {
  readonly #canvas: HTMLCanvasElement;
  /** Where the pointer is, as a share of the screen. */
  x = 0.5;
  y = 0.5;
  #buttons = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Puts the pointer at a point of the window. */
  moveTo(clientX: number, clientY: number): void {
    const bounds = this.#canvas.getBoundingClientRect();
    this.x = share(clientX - bounds.left, bounds.width);
    this.y = share(clientY - bounds.top, bounds.height);
    this.#send('mousemove');
  }

  /** Moves the pointer by CSS pixels. */
  moveBy(dx: number, dy: number): void {
    const bounds = this.#canvas.getBoundingClientRect();
    this.x = share(this.x * bounds.width + dx, bounds.width);
    this.y = share(this.y * bounds.height + dy, bounds.height);
    this.#send('mousemove');
  }

  press(button: 'left' | 'right'): void {
    this.#buttons = button === 'left' ? 1 : 2;
    this.#send('mousedown');
  }

  release(): void {
    this.#buttons = 0;
    this.#send('mouseup');
  }

  click(button: 'left' | 'right'): void {
    this.press(button);
    this.release();
  }

  /** Turns the wheel: `dy` > 0 shows what is below. */
  scroll(dx: number, dy: number): void {
    this.#canvas.dispatchEvent(
      new WheelEvent('wheel', { ...this.#point(), deltaX: dx, deltaY: dy, bubbles: true, cancelable: true }),
    );
  }

  /** Takes the pointer off the screen: on touch devices noVNC draws it above everything on the page. */
  hide(): void {
    this.#canvas.dispatchEvent(new MouseEvent('mouseleave'));
  }

  #send(type: 'mousemove' | 'mousedown' | 'mouseup'): void {
    // After a press noVNC captures the mouse by listening on the window; only there a release ends the capture.
    const to = type === 'mouseup' ? window : this.#canvas;
    to.dispatchEvent(
      new MouseEvent(type, { ...this.#point(), buttons: this.#buttons, bubbles: true, cancelable: true }),
    );
  }

  #point(): { clientX: number; clientY: number } {
    const bounds = this.#canvas.getBoundingClientRect();
    return { clientX: bounds.left + this.x * bounds.width, clientY: bounds.top + this.y * bounds.height };
  }
}

const share = (at: number, length: number): number => (length === 0 ? 0 : Math.min(1, Math.max(0, at / length)));
