import type { ToolImage } from '@sandpiper/protocol';
import type { Sharp } from 'sharp';

/** What a model and an event log can carry; screenshots of 1280 × 800 are about 100 kB as JPEG. */
const MAX_BYTES = 1_500_000;

/** A picture to be scaled: an encoded file, or X11's pixels (blue, green, red, unused). */
export type Picture = Buffer | { pixels: Buffer; width: number; height: number };

export interface PictureOptions {
  format: 'jpeg' | 'png';
  maxWidth: number;
}

/**
 * Scales a picture to at most `maxWidth` and encodes it within 1.5 MB: quality goes first, then size.
 *
 * @returns the picture, and how many source pixels one of its pixels stands for
 */
export async function scalePicture(
  picture: Picture,
  { format, maxWidth }: PictureOptions,
): Promise<{ image: ToolImage; scale: number }> {
  // 20 MB of native code: loaded by the first picture, not at start-up.
  const { default: sharp } = await import('sharp');
  const open = (): Sharp => {
    if (Buffer.isBuffer(picture)) return sharp(picture);
    const { pixels, width, height } = picture;
    return sharp(toRgb(pixels), { raw: { width, height, channels: 3 } });
  };
  const { width: sourceWidth } = Buffer.isBuffer(picture) ? await open().metadata() : picture;
  let width = Math.min(maxWidth, sourceWidth);
  for (let quality = 80; ; quality -= 20) {
    const scaled = open().resize({ width, withoutEnlargement: true });
    const asJpeg = format === 'jpeg' || quality < 80;
    const encoded = asJpeg ? scaled.jpeg({ quality: Math.max(quality, 40) }) : scaled.png({ compressionLevel: 6 });
    const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
    if (data.length <= MAX_BYTES || info.width <= 100) {
      return {
        image: {
          mimeType: asJpeg ? 'image/jpeg' : 'image/png',
          dataBase64: data.toString('base64'),
          width: info.width,
          height: info.height,
        },
        scale: sourceWidth / info.width,
      };
    }
    if (quality < 40) width = Math.floor(width * 0.7);
  }
}

function toRgb(bgrx: Buffer): Buffer {
  const rgb = Buffer.allocUnsafe((bgrx.length / 4) * 3);
  for (let from = 0, to = 0; from < bgrx.length; from += 4, to += 3) {
    rgb[to] = bgrx[from + 2] ?? 0;
    rgb[to + 1] = bgrx[from + 1] ?? 0;
    rgb[to + 2] = bgrx[from] ?? 0;
  }
  return rgb;
}
