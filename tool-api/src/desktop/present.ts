import type { ToolImage } from '@sandpiper/protocol';
import type { ToolContent } from '../tool.ts';

/** A result with a picture, as an MCP client sees it: the picture as such, the rest as JSON. */
export function presentPicture({ image, ...rest }: { image: ToolImage }): ToolContent[] {
  const { dataBase64, ...size } = image;
  return [
    { type: 'image', data: dataBase64, mimeType: image.mimeType },
    { type: 'text', text: JSON.stringify({ ...rest, image: size }) },
  ];
}
