import { defineErrors } from '@sandpiper/protocol';

export const desktopErrors = defineErrors({
  DESKTOP_UNAVAILABLE: {
    status: 503,
    retryable: true,
    message: 'The desktop does not answer: {reason}',
    hint: 'It is restarted by itself; try again in a few seconds.',
  },
  OUTSIDE_SCREEN: { status: 400, message: '{x}, {y} is outside the screen of {width} × {height} pixels.' },
  DESKTOP_KEY_UNKNOWN: {
    status: 400,
    message: '"{key}" is no key. Use X keysym names like Return, Page_Down, F5, a or ctrl+shift+t.',
  },
  TEXT_NEEDED: { status: 400, message: 'Setting the clipboard needs text.' },
});
