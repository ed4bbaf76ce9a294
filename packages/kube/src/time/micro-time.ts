/** As the API writes a MicroTime: it takes six digits and nothing else. */
export function microTime(ms: number = Date.now()): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
