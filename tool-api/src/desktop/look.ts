import { desktopScreenshot } from '@sandpiper/protocol';
import { defineTool, type Tool } from '../tool.ts';
import { scalePicture } from './picture.ts';
import { presentPicture } from './present.ts';
import type { XAccess } from './programs.ts';
import { assertOnScreen, withDisplay } from './screen.ts';

/** The pixels come from the X server itself; no program is started, no file written. The pointer is not in the picture. */
export function screenshotTool(x: XAccess): Tool {
  return defineTool({
    ...desktopScreenshot,
    handler: async ({ region, format, maxWidth }) => {
      if (region) await assertOnScreen(x, region);
      const { pixels, screen, pointer, width, height } = await withDisplay(x, async (display) => {
        const size = await display.size();
        const area = {
          x: region?.x ?? 0,
          y: region?.y ?? 0,
          width: Math.min(region?.width ?? size.width, size.width - (region?.x ?? 0)),
          height: Math.min(region?.height ?? size.height, size.height - (region?.y ?? 0)),
        };
        return {
          ...area,
          pixels: await display.image(area.x, area.y, area.width, area.height),
          screen: size,
          pointer: await display.pointer(),
        };
      });
      return { ...(await scalePicture({ pixels, width, height }, { format, maxWidth })), screen, pointer };
    },
    present: presentPicture,
  });
}
