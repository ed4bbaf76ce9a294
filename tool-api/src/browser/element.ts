import type { Locator, Page } from 'playwright-core';
import { browserErrors } from './errors.ts';

/** The element that a reference of the latest snapshot stands for. Throws `ELEMENT_STALE` when it is gone. */
export async function elementOf(page: Page, ref: string): Promise<Locator> {
  const element = page.getByRef(ref);
  // A reference into a frame that is gone is a malformed selector to playwright.
  const count = await element.count().catch(() => 0);
  if (count === 0) throw browserErrors.ELEMENT_STALE({ ref });
  return element;
}
