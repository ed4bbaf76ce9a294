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

const python = (file: string, what: string, source: string): DemoProgram => ({
  file,
  what,
  source,
  command: `python3 ${file} | tee result.txt`,
});

const primes = python(
  'primes.py',
  'a program that finds prime numbers',
  `import time

def primes(limit):
    sieve = bytearray([1]) * (limit + 1)
    sieve[:2] = b"\\0\\0"
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(sieve[n * n :: n]))
    return [n for n, prime in enumerate(sieve) if prime]

started = time.perf_counter()
found = primes(1_000_000)
print(f"{len(found):,} primes below one million, in {time.perf_counter() - started:.2f} s")
print("the last five:", *found[-5:])
`,
);

function wordsOf(wish: string): DemoProgram {
  return python(
    'words.py',
    'a program that counts the words of your message',
    `from collections import Counter

# A JSON string is a valid Python string.
text = ${JSON.stringify(wish.slice(0, 2_000))}
words = text.lower().split()
print(f"{len(words)} words, {len(set(words))} of them different, {len(text)} characters")
for word, count in Counter(words).most_common(5):
    print(f"{count:3} x {word}")
`,
  );
}

const computerReport = python(
  'report.py',
  'a program that looks at the computer it runs on',
  `import os, platform, shutil, time

disk = shutil.disk_usage(os.path.expanduser("~"))
print("system   ", platform.system(), platform.release(), platform.machine())
print("python   ", platform.python_version())
print("processors", os.cpu_count())
print("disk free ", f"{disk.free / 2**30:.1f} GiB of {disk.total / 2**30:.1f} GiB")
print("workspace ", os.path.expanduser("~"))
for second in range(3):
    print("counting", second + 1, flush=True)
    time.sleep(0.3)
`,
);

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
