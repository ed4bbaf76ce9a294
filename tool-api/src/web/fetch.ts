import { webFetch, type ToolInput } from '@sandpiper/protocol';
import { cut } from '../browser/snapshot.ts';
import { defineTool, type Tool } from '../tool.ts';
import { download, type Downloaded } from './download.ts';
import { webErrors } from './errors.ts';
import { decodeText, toMarkdown } from './readable.ts';

interface Readable {
  format: 'markdown' | 'html' | 'json' | 'text';
  text: string;
  title?: string | undefined;
}

export function fetchTool(): Tool {
  return defineTool({
    ...webFetch,
    handler: async (input, { signal }) => {
      const accept = 'text/html, application/xhtml+xml, application/json;q=0.9, text/*;q=0.9, */*;q=0.5';
      const page = await download(input.url, { signal, timeoutMs: input.timeoutMs, accept });
      const { format, text, title } = await readableOf(page, input);
      const part = cut(text, Math.min(input.offset, text.length), input.maxChars);
      return {
        url: page.url,
        status: page.status,
        contentType: page.contentType,
        format,
        ...part,
        totalChars: text.length,
        ...(title !== undefined && { title }),
      };
    },
  });
}

async function readableOf(page: Downloaded, { raw }: ToolInput<typeof webFetch>): Promise<Readable> {
  const { contentType, bytes, charset, url } = page;
  const isText = contentType === '' ? !bytes.subarray(0, 4096).includes(0) : TEXT.test(contentType);
  if (!isText) throw webErrors.WEB_CONTENT_UNREADABLE({ url, contentType: contentType || 'not text' });
  const text = decodeText(bytes, charset);
  if (/json/.test(contentType)) return { format: 'json', text };
  const isHtml = /html/.test(contentType) || (contentType === '' && /^\s*<(!doctype html|html)/i.test(text));
  if (!isHtml) return { format: 'text', text };
  if (raw) return { format: 'html', text };
  const { title, markdown } = await toMarkdown(text, url);
  return { format: 'markdown', text: markdown, title };
}

const TEXT = /^text\/|[/+](json|xml|yaml|toml)$|javascript|ecmascript|application\/(x-sh|x-ndjson|sql|x-yaml|graphql)/;
