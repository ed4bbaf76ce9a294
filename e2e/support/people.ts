import { expect } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import type { Sandpiper } from '@sandpiper/testing';

const PATIENCE_MS = 30_000;

/** Opens the URL that was printed, and waits until the page is ready for a message. */
export async function signIn(page: Page, sandpiper: Sandpiper): Promise<void> {
  await page.goto(sandpiper.signInUrl);
  await composer(page).waitFor({ timeout: PATIENCE_MS });
}

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message', exact: true });
export const conversation = (page: Page): Locator => page.getByRole('region', { name: 'Conversation', exact: true });

/** Writes a message and sends it with Enter. */
export async function ask(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await composer(page).press('Enter');
}

/** Waits until the conversation shows a text. */
export async function seen(page: Page, text: string | RegExp): Promise<void> {
  await conversation(page).getByText(text).first().waitFor({ timeout: PATIENCE_MS });
}

/** Waits until no run is going on: the button sends again. */
export async function atRest(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Send', exact: true }).waitFor({ timeout: 60_000 });
}

/** Waits for a condition that no element shows. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  await expect.poll(condition, { timeout: timeoutMs, interval: 50, message: what }).toBe(true);
}
