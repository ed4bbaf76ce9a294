import type { CallToolResult } from '@modelcontextprotocol/client';
import { boundText } from '../agent/bounded-text.ts';

const MAX_IMAGE_BYTES = 2 * 1024 * 1024;
const MAX_IMAGES = 4;
const imageTypes = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

export interface McpPicture {
  mimeType: string;
  bytes: Uint8Array;
}

/**
 * What a server answered, as the model is told: its texts, and a line for each part of another kind. The server is another party:
 * sizes, kinds and numbers of parts are bounded here.
 */
export function readResult(result: Pick<CallToolResult, 'content' | 'structuredContent'>): {
  text: string;
  pictures: McpPicture[];
} {
  const pictures: McpPicture[] = [];
  const lines = ((result.content as CallToolResult['content'] | undefined) ?? []).map((part) => {
    switch (part.type) {
      case 'text':
        return part.text;
      case 'image': {
        const bytes = Buffer.from(part.data, 'base64');
        const isKept = imageTypes.has(part.mimeType) && bytes.length <= MAX_IMAGE_BYTES && pictures.length < MAX_IMAGES;
        if (isKept) pictures.push({ mimeType: part.mimeType, bytes });
        return `[picture, ${part.mimeType}, ${bytes.length} bytes${isKept ? '' : ', not kept'}]`;
      }
      case 'audio':
        return `[audio, ${part.mimeType}]`;
      case 'resource_link':
        return `[resource ${part.name}: ${part.uri}]`;
      case 'resource':
        return 'text' in part.resource ? part.resource.text : `[resource ${part.resource.uri}]`;
      default:
        return '[a part of an unknown kind]';
    }
  });
  if (lines.length === 0 && result.structuredContent !== undefined)
    lines.push(JSON.stringify(result.structuredContent));
  return { text: boundText(lines.join('\n')), pictures };
}
