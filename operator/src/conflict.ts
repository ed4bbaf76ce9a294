/**
 * After a refused write, ms until another look. Whoever was faster is told of by the watch, and that is sooner; but a proxy or an
 * overloaded server may call something a conflict that is none, and then nobody tells of anything.
 */
export const CONFLICT_AGAIN_MS = 1_000;
