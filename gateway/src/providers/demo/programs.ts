export interface DemoProgram {
  file: string;
  /** Completes “First, …”. */
  what: string;
  source: string;
  command: string;
}

/** A small program that has something to do with what the person wrote; all of them write `result.txt`. */
export function programFor(wish: string): DemoProgram {
  if (/prime|number|math|fibonacci|数|素/i.test(wish)) return primes;
  if (/word|text|count|poem|story|字|文/i.test(wish)) return wordsOf(wish);
  return computerReport;
}

const program = (file: string, what: string, source: string): DemoProgram => ({
  file,
  what,
  source,
  command: `node ${file} | tee result.txt`,
});

const primes = program(
  'primes.mjs',
  'a program that finds prime numbers',
  `const limit = 1_000_000;
const started = performance.now();
const sieve = new Uint8Array(limit + 1).fill(1, 2);
for (let n = 2; n * n <= limit; n++) {
  if (sieve[n]) for (let multiple = n * n; multiple <= limit; multiple += n) sieve[multiple] = 0;
}
const found = [...sieve.keys()].filter((n) => sieve[n]);
const seconds = (performance.now() - started) / 1000;
console.log(found.length.toLocaleString("en"), "primes below one million, in", seconds.toFixed(2), "s");
console.log("the last five:", ...found.slice(-5));
`,
);

function wordsOf(wish: string): DemoProgram {
  return program(
    'words.mjs',
    'a program that counts the words of your message',
    `const text = ${JSON.stringify(wish.slice(0, 2_000))};
const words = text.toLowerCase().match(/\\p{L}+/gu) ?? [];
const counts = new Map();
for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
console.log(words.length, "words,", counts.size, "of them different,", text.length, "characters");
for (const [word, count] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5)) console.log(String(count).padStart(3), "x", word);
`,
  );
}

const computerReport = program(
  'report.mjs',
  'a program that looks at the computer it runs on',
  `import { statfsSync } from "node:fs";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const gib = (bytes) => (bytes / 2 ** 30).toFixed(1) + " GiB";
const disk = statfsSync(os.homedir());
console.log("system     ", os.type(), os.release(), os.machine());
console.log("node       ", process.version);
console.log("processors ", os.availableParallelism());
console.log("memory     ", gib(os.totalmem()));
console.log("disk free  ", gib(disk.bavail * disk.bsize));
console.log("workspace  ", os.homedir());
for (let second = 1; second <= 3; second++) {
  console.log("counting   ", second);
  await sleep(300);
}
`,
);

/** A server of one page. */
export const serverSource = (port: number): string => `import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const page = new URL("index.html", import.meta.url);
createServer(async (request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(await readFile(page));
}).listen(${port}, "127.0.0.1", () => console.log("serving on port ${port}"));
`;

/** A page that shows what the program printed. */
export function pageFor(output: string): string {
  const text = output.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sandpiper tour</title>
<style>
  body { margin: 0; min-height: 100vh; display: grid; place-content: center; background: #0f766e; color: #f0fdfa; font: 20px/1.6 system-ui, sans-serif; }
  main { padding: 2rem; }
  pre { background: #042f2e; padding: 1rem 1.5rem; border-radius: 12px; font-size: 17px; }
</style>
<main>
  <h1>Hello from your computer</h1>
  <p>This page is served inside the sandbox. The program printed:</p>
  <pre>${text}</pre>
</main>
</html>
`;
}
