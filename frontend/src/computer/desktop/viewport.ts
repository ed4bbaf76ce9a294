/** How the desktop is laid out in its frame: `zoom` 1 fits, and the frame scrolls over what is larger. Lengths in CSS px. */
export interface Viewport {
  zoom: number;
  scrollX: number;
  scrollY: number;
}

export interface Size {
  width: number;
  height: number;
}

export const fitted: Viewport = { zoom: 1, scrollX: 0, scrollY: 0 };

const LARGEST_ZOOM = 5;
/** Nearly fitted is meant to be fitted: a pinch seldom ends on the exact value. */
const SNAP_ZOOM = 1.06;

/** Changes the zoom so that the point of the frame under the fingers stays under them. */
export function zoomAt(view: Viewport, factor: number, at: { x: number; y: number }, frame: Size): Viewport {
  const wanted = Math.min(LARGEST_ZOOM, Math.max(1, view.zoom * factor));
  const zoom = factor < 1 && wanted < SNAP_ZOOM ? 1 : wanted;
  const ratio = zoom / view.zoom;
  return clamp(
    { zoom, scrollX: (view.scrollX + at.x) * ratio - at.x, scrollY: (view.scrollY + at.y) * ratio - at.y },
    frame,
  );
}

/** Moves what is seen with the fingers: `dx` > 0 shows what is further left. */
export function pan(view: Viewport, dx: number, dy: number, frame: Size): Viewport {
  return clamp({ ...view, scrollX: view.scrollX - dx, scrollY: view.scrollY - dy }, frame);
}

/** Scrolls just as far as needed to have a point of the stage in sight, with some room around it. */
export function reveal(view: Viewport, point: { x: number; y: number }, frame: Size): Viewport {
  const along = (scroll: number, at: number, length: number): number => {
    const margin = Math.min(40, length / 4);
    if (at < scroll + margin) return at - margin;
    return at > scroll + length - margin ? at - length + margin : scroll;
  };
  return clamp(
    {
      ...view,
      scrollX: along(view.scrollX, point.x, frame.width),
      scrollY: along(view.scrollY, point.y, frame.height),
    },
    frame,
  );
}

function clamp(view: Viewport, frame: Size): Viewport {
  const within = (value: number, length: number): number => Math.min(Math.max(0, value), length * (view.zoom - 1));
  return { zoom: view.zoom, scrollX: within(view.scrollX, frame.width), scrollY: within(view.scrollY, frame.height) };
}
