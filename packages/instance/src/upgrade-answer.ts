import { answeredError, instanceErrors } from './errors.ts';

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;
const HEAD_END = '\r\n\r\n';

/**
 * Reads what a sandbox answered to a request to upgrade (RFC 9110 §7.8). Pure: the same bytes, the same answer.
 *
 * @param bytes  all that has come so far
 * @param isLast  whether nothing more will come
 * @returns what came behind the head of a 101, which belongs to the stream already; undefined while more is needed
 * @throws the sandbox's own refusal, INSTANCE_ANSWER_INVALID, or INSTANCE_UNREACHABLE when it hung up in mid-sentence
 */
export function readUpgradeAnswer(
  bytes: Buffer,
  { protocol, isLast }: { protocol: string; isLast: boolean },
): Buffer | undefined {
  const headBytes = bytes.indexOf(HEAD_END);
  if (headBytes > MAX_HEAD_BYTES || (headBytes < 0 && bytes.length > MAX_HEAD_BYTES))
    throw invalid('a head without end');
  if (headBytes < 0) {
    if (isLast) throw instanceErrors.INSTANCE_UNREACHABLE({ why: 'it hung up before it answered' });
    return undefined;
  }
  const { status, headers } = parseHead(bytes.toString('latin1', 0, headBytes));
  const rest = bytes.subarray(headBytes + HEAD_END.length);
  if (status === 101) {
    if (headers.get('upgrade')?.toLowerCase() !== protocol) throw invalid('it switched to another protocol');
    return rest;
  }

  const length = headers.get('content-length');
  const refusalBytes = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  if (rest.length > MAX_REFUSAL_BYTES) throw invalid('a refusal without end');
  if (rest.length < refusalBytes && !isLast) return undefined;
  throw answeredError(status, parseJson(rest.toString('utf8')));
}

/** @param head  status line and headers, without the empty line */
function parseHead(head: string): { status: number; headers: Map<string, string> } {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})(?: .*)?$/.exec(statusLine)?.[1];
  if (status === undefined) throw invalid('it does not speak HTTP');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw invalid('a header without a name');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const invalid = (why: string): Error => instanceErrors.INSTANCE_ANSWER_INVALID({ why });
