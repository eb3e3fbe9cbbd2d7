// @ts-check
// Plain JavaScript, since the worker thread that hashes trees loads it as it stands.

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A file's name, or a list of names with NUL between them, as a string. Linux takes any bytes. One that is no part of UTF-8 stands as
 * U+DC80 to U+DCFF, which no UTF-8 gives (as Python's `surrogateescape` has it), so that `nameBytes` gives back the very same bytes.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function nameText(bytes) {
  const text = decoded(bytes);
  if (text !== null) return text;
  /** @type {string[]} */
  const names = [];
  for (let at = 0; at <= bytes.length; ) {
    const end = bytes.indexOf(0, at);
    const name = bytes.subarray(at, end === -1 ? bytes.length : end);
    names.push(decoded(name) ?? escaped(name));
    at += name.length + 1;
  }
  return names.join('\0');
}

/**
 * The bytes of a name from `nameText`, or of any other text.
 * @param {string} name
 * @returns {Buffer}
 */
export function nameBytes(name) {
  if (isUnicode(name)) return Buffer.from(name);
  // With `u` the halves of a pair are not met one by one.
  const parts = name.split(/([\udc80-\udcff]+)/u);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0
        ? Buffer.from(part)
        : Buffer.from(Array.from(part, (half) => half.charCodeAt(0) - 0xdc00)),
    ),
  );
}

/**
 * Whether all of its bytes are UTF-8.
 * @param {string} name
 */
export function isUnicode(name) {
  return !/\p{Surrogate}/u.test(name);
}

/**
 * What the calls of `node:fs` take for a path.
 * @param {string} path
 * @returns {string | Buffer}
 */
export function nativePath(path) {
  return isUnicode(path) ? path : nameBytes(path);
}

/**
 * The same of a file below a directory.
 * @param {string} root
 * @param {string} path relative
 * @returns {string | Buffer}
 */
export function filePath(root, path) {
  return nativePath(`${root}/${path}`);
}

/** @param {Uint8Array} bytes */
function escaped(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] ?? 0;
    const length = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const character = decoded(bytes.subarray(at, at + length));
    text += character ?? String.fromCharCode(0xdc00 + first);
    at += character === null ? 1 : length;
  }
  return text;
}

/**
 * Null for what is no UTF-8.
 * @param {Uint8Array} bytes
 */
function decoded(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
