const PARTS = /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#\\]*)([^?#]*)/i;
const BLANK_OR_CONTROL = /[\s\p{Cc}]/u;

/**
 * An address without user name, password and what stands behind a `?` or `#`, which may be a token. All before the last `@` of the part that names
 * the host is taken for credentials. Null for what is no address then: a password with a `/` in it would be taken for something else.
 */
export function addressWithoutCredentials(address: string): string | null {
  const [, scheme = '', authority = '', path = ''] = PARTS.exec(address) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (BLANK_OR_CONTROL.test(address)) return null;
  const shown = `${scheme}${host}${path}`;
  const known = scheme === '' ? `http://${shown}` : shown.replace(/^[a-z]+\+(?=https?:)/i, '');
  return URL.canParse(known) ? shown : null;
}
