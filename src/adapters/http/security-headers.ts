/** Scripts and styles are files of this server, never part of a page: nothing that a log or a name holds can run, or ask elsewhere. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function secure(headers: Headers): void {
  for (const [name, value] of Object.entries(HEADERS)) {
    const mayDiffer = name === 'cache-control' || name === 'cross-origin-resource-policy';
    if (!mayDiffer || !headers.has(name)) headers.set(name, value);
  }
}
