import { probeHost } from '@sandpiper/sandbox-manager';

const { canRunComputers, results } = await probeHost();

/** True where no computer can be had; said once, so that skipped tests are not silent. */
export const noComputers = !canRunComputers;

if (noComputers) {
  const lacking = results.filter((result) => !result.ok).map((result) => `${result.name}: ${result.detail}`);
  console.warn(`SKIPPED: tests that need a computer. ${lacking.join('; ')}`);
}
