/**
 * The encodings a viewer may ask for. Everything else is struck from its `SetEncodings`, so that no extension is switched on
 * whose messages the filter does not know. Numbers: RFB (RFC 6143) §7.7, §7.8 and the community registry at
 * https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst#encodings
 */
const ALLOWED = new Set([
  0, // Raw
  1, // CopyRect
  2, // RRE
  5, // Hextile
  6, // Zlib
  7, // Tight
  16, // ZRLE
  21, // JPEG
  -223, // DesktopSize
  -224, // LastRect
  -239, // Cursor
  -258, // QEMU extended key event
  -307, // DesktopName
  -308, // ExtendedDesktopSize
  -312, // Fence
  -313, // ContinuousUpdates
  -314, // Cursor with alpha
  0x574d5664, // VMware cursor
  0xc0a1e5ce | 0, // Extended clipboard
]);

/** JPEG quality −32…−23 and compression −256…−247 are levels, not encodings. */
const isLevel = (encoding: number): boolean =>
  (encoding >= -32 && encoding <= -23) || (encoding >= -256 && encoding <= -247);

export const isAllowedEncoding = (encoding: number): boolean => ALLOWED.has(encoding) || isLevel(encoding);
