export interface Welcome {
  version: string;
  url: string;
  code: string;
  /** What is missing or weaker than it should be. */
  notes: readonly string[];
}

/** What a person reads when everything runs: one URL to open, and no doubt about what is missing. */
export function welcome({ version, url, code, notes }: Welcome): string[] {
  return [
    '',
    `Sandpiper ${version} is ready.`,
    '',
    `  Open    ${url}/#code=${code}`,
    `  API     ${url}/docs`,
    '',
    ...notes.map((note) => `  Note: ${note}`),
    ...(notes.length > 0 ? [''] : []),
    'The code signs you in once. Ctrl-C ends everything; conversations and workspaces stay.',
  ];
}
