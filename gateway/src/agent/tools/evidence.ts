import { desktopScreenshot, filesRead, toolImage } from '@sandpiper/protocol';
import type { Artefact, ToolImage } from '@sandpiper/protocol';
import type { SandboxCall } from './sandbox-tools.ts';

const LOOK_TIMEOUT_MS = 3_000;
const SCREEN_WIDTH = 960;
const MAX_IMAGE_BYTES = 2 * 1024 * 1024;
const MAX_FILE_CHARS = 256 * 1024;
const MAX_FILE_LINES = 10_000;

/**
 * Keeps a picture of what a browser or desktop call led to: its own, where it took one, else one of the screen. That there is none
 * never fails the call: it has done its work.
 */
export async function keepScreen(call: SandboxCall, images: ToolImage[]): Promise<void> {
  const [own] = images;
  const image = own ?? (call.contract.annotations.readOnlyHint === true ? undefined : await lookAtScreen(call));
  if (image) await keepImage(call, image);
}

async function lookAtScreen({ client, context }: SandboxCall): Promise<ToolImage | undefined> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]);
  const input = { format: 'jpeg', maxWidth: SCREEN_WIDTH };
  const output = await client.callTool(desktopScreenshot.name, input, { signal }).catch(() => undefined);
  return withoutImages(output).images[0];
}

async function keepImage({ artefacts, context }: SandboxCall, image: ToolImage): Promise<void> {
  const bytes = Buffer.from(image.dataBase64, 'base64');
  if (bytes.length === 0 || bytes.length > MAX_IMAGE_BYTES) return;
  const { sessionId } = context.log;
  await keep(context, () => artefacts.put(sessionId, 'screenshot', image.mimeType, bytes));
}

/** Keeps a slice of terminal: what a command said, as the person saw it. */
export async function keepTerminal(
  { artefacts, context }: Omit<SandboxCall, 'client' | 'contract'>,
  text: string,
): Promise<void> {
  if (text === '') return;
  const { sessionId } = context.log;
  await keep(context, () =>
    artefacts.put(sessionId, 'terminal', 'text/plain; charset=utf-8', Buffer.from(text.toWellFormed())),
  );
}

/** Does what changes a text file, and keeps the file as it was and as it is. */
export async function withFileVersions<T>(
  call: SandboxCall,
  input: Record<string, unknown>,
  change: () => Promise<T>,
): Promise<T> {
  const path = String(input['path']);
  const before = await readText(call, path);
  const output = await change();
  const after = typeof input['content'] === 'string' ? input['content'] : await readText(call, path);
  if (before !== undefined) await keepFile(call, 'file-before', path, before);
  if (after !== undefined) await keepFile(call, 'file-after', path, after);
  return output;
}

async function keepFile(
  { artefacts, context }: SandboxCall,
  kind: Artefact['kind'],
  path: string,
  text: string,
): Promise<void> {
  if (text.length > MAX_FILE_CHARS) return;
  const { sessionId } = context.log;
  await keep(context, () =>
    artefacts.put(sessionId, kind, 'text/plain; charset=utf-8', Buffer.from(text.toWellFormed()), path),
  );
}

/** Undefined where there is no such file, or none that is worth keeping: binary, or too long. */
async function readText({ client, context }: SandboxCall, path: string): Promise<string | undefined> {
  try {
    const output = await client.callTool(filesRead.name, { path, limit: MAX_FILE_LINES }, { signal: context.signal });
    const file = filesRead.output.parse(output);
    return file.nextLine === undefined ? file.text : undefined;
  } catch {
    return undefined;
  }
}

/** A full store, or an artefact beyond its limits, costs the look back and nothing else. */
async function keep(context: SandboxCall['context'], put: () => Promise<Artefact>): Promise<void> {
  const artefact = await put().catch(() => undefined);
  if (artefact) context.keep(artefact);
}

/** Takes the pictures out of what a tool answered: the model gets them as pictures, or not at all, never as text. */
export function withoutImages(output: unknown): { value: unknown; images: ToolImage[] } {
  if (typeof output !== 'object' || output === null || !('image' in output)) return { value: output, images: [] };
  const { image, ...rest } = output;
  const parsed = toolImage.safeParse(image);
  if (!parsed.success) return { value: rest, images: [] };
  const { dataBase64: _, ...shown } = parsed.data;
  return { value: { ...rest, image: shown }, images: [parsed.data] };
}
