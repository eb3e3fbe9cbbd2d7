/** Pages have no script at all, and styles from one file of this server: nothing that a log or a name holds can run. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

export function secure(headers: Headers): void {
  for (const [name, value] of Object.entries(HEADERS)) {
    if (name !== 'cache-control' || !headers.has(name)) headers.set(name, value);
  }
}
