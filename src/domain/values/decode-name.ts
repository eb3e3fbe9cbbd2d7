const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A file's name from its bytes. Null for bytes that are not UTF-8. */
export function decodeName(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
