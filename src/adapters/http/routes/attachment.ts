import { isUnicode } from '../../../streams/name-bytes.js';
import { encoded } from '../pages/page.js';

/**
 * Headers of a file to keep. RFC 6266: a plain name for old clients, and the true one as RFC 8187 encodes it. That has no way for bytes that
 * are no part of UTF-8: they stand in the name as `%E9`.
 */
export function attachment(name: string): Readonly<Record<string, string>> {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_');
  const text = isUnicode(name) ? name : name.replace(/[\udc80-\udcff]/gu, encoded);
  const value = encodeURIComponent(Buffer.from(text).toString()).replace(
    /['()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${value}`,
  };
}
