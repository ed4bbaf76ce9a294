import { CodedError } from '@sandpiper/protocol';
import { desktopErrors } from './errors.ts';
import type { XAccess } from './programs.ts';
import { openDisplay, type XDisplay } from './x11.ts';

export interface Point {
  x: number;
  y: number;
}

/** Uses a connection to the display for one question; connecting takes less than a millisecond. Throws `DESKTOP_UNAVAILABLE`. */
export async function withDisplay<T>(x: XAccess, use: (display: XDisplay) => Promise<T>): Promise<T> {
  let display: XDisplay | undefined;
  try {
    display = await openDisplay(x.display, x.xauthorityFile);
    return await use(display);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw desktopErrors.DESKTOP_UNAVAILABLE({ reason }, { cause: error });
  } finally {
    display?.close();
  }
}

export function pointerOf(x: XAccess): Promise<Point> {
  return withDisplay(x, (display) => display.pointer());
}

/** Throws `OUTSIDE_SCREEN`: X itself would silently act at the border. */
export async function assertOnScreen(x: XAccess, ...points: Point[]): Promise<void> {
  const size = await withDisplay(x, (display) => display.size());
  for (const point of points) {
    if (point.x >= size.width || point.y >= size.height) throw desktopErrors.OUTSIDE_SCREEN({ ...point, ...size });
  }
}
