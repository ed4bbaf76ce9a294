import { errors } from '../errors.ts';
import type { Computers } from './computers.ts';

/**
 * A host that can run no computers: conversations work, tools that need one say why they do not.
 *
 * @param notes  why, and the way out, in sentences
 */
export function createNoComputers(notes: readonly string[]): Computers {
  const refuse = (): Promise<never> => Promise.reject(errors.COMPUTERS_UNAVAILABLE({ reason: notes.join(' ') }));
  return {
    available: false,
    notes: [...notes],
    connect: refuse,
    view: () => Promise.resolve({ phase: 'unavailable', ...(notes.length > 0 && { message: notes.join(' ') }) }),
    suspend: refuse,
    wake: refuse,
    delete: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
