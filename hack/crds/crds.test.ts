import { describe, expect, it } from 'vitest';
import { crdFiles } from './files.ts';
import { shippedCrds } from './testing/shipped.ts';
import { nodesOf } from './testing/walk.ts';

const shipped = await shippedCrds();

describe('the CRDs in the repository', () => {
  it('are what the schemas say', () => {
    const found = new Map(shipped.map(({ file, text }) => [`crds/${file}`, text]));
    const expected = crdFiles();
    const stale = [...new Set([...found.keys(), ...expected.keys()])].filter(
      (file) => found.get(file) !== expected.get(file),
    );
    expect(stale, 'These files are stale: run `npm run generate`, and remove what it does not make.').toEqual([]);
  });

  // kubectl apply keeps what was applied in an annotation, and annotations end at 256 KiB.
  it.each(shipped)('stay below 100 kB: $file', ({ text }) => {
    expect(Buffer.byteLength(text)).toBeLessThan(100_000);
  });

  it.each(shipped)('explain every field: $file', ({ manifest }) => {
    const [version] = manifest.spec.versions;
    // Metadata is described by the API server; maps and lists of plain values say in their own sentence what they hold.
    const unexplained = nodesOf(version!.schema.openAPIV3Schema)
      .filter(({ path }) => !path.startsWith('metadata') && !/(\[\]|\{\})$/.test(path))
      .filter(({ schema: { description = '' } }) => !/^[A-Z].*\.$/s.test(description));
    expect(unexplained.map(({ path }) => path)).toEqual([]);
  });

  it.each(shipped)('have columns with an explanation: $file', ({ manifest }) => {
    const [version] = manifest.spec.versions;
    for (const column of version!.additionalPrinterColumns) expect(column.description).toMatch(/^[A-Z].*\.$/);
  });
});
