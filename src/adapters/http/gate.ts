import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { hostOfHeader, isLoopback } from './is-loopback.js';
import type { Refusal } from './source/refusal.js';

/** Who may ask. */
export interface Gate {
  /** Null on loopback only. */
  readonly token: string | null;
  /** Badges are for everybody, also within pages from elsewhere. */
  readonly publicBadges?: boolean;
}

/** Whether this is a badge that is for everybody. */
export function isPublic({ publicBadges = false }: Gate, path: string): boolean {
  return publicBadges && path.startsWith('/badge/');
}

/**
 * Null when the request may pass.
 * With a token it must be shown: as `Bearer`, or as the password of `Basic`, which is what a browser asks a person for.
 * Without one, only a `Host` of this machine passes: else a page from elsewhere, whose name has been made to point here,
 * could read along in a browser of this machine (DNS rebinding).
 * In both cases a page from elsewhere may lead here and do no more: it could not read an answer, but could learn from how long one takes.
 */
export function refusalAtGate({ token }: Gate, headers: Headers): Refusal | null {
  if (isAskedByOtherSite(headers)) return forbidden('pages from elsewhere may only lead here');
  if (token !== null) {
    if (shownToken(headers.get('authorization')).some((shown) => isSame(shown, token))) return null;
    return { status: 401, kind: 'unauthorized', message: 'a bearer token is needed' };
  }
  const host = hostOfHeader(headers.get('host') ?? '');
  if (host !== null && isLoopback(host)) return null;
  return forbidden('only requests to this machine by its own name are answered');
}

/** What a form of this server's own pages carries: a page from elsewhere cannot read it. */
export function proofOf(token: string): string {
  return createHmac('sha256', token).update('a form of this server').digest('hex');
}

/**
 * Null when the request may change something, beside what `refusalAtGate` says. A browser adds what it was told as a password by itself, for whichever page
 * sends a form here: so a form shows where it is from, and a program its token in a way that no browser adds.
 */
export function refusalOfChange(
  headers: Headers,
  { token, proof }: { readonly token: string; readonly proof: string | null },
): Refusal | null {
  const site = headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none')
    return forbidden('only the pages of this server change runs');
  if (/^bearer /i.test(headers.get('authorization') ?? '')) return null;
  if (proof !== null && isSame(proof, proofOf(token))) return null;
  return forbidden(
    'this form is not of this server, or of before it was given another token; a program shows the token as "Authorization: Bearer"',
  );
}

function forbidden(message: string): Refusal {
  return { status: 403, kind: 'forbidden', message };
}

/** Browsers say so (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/); programs say nothing. */
function isAskedByOtherSite(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== 'cross-site' && site !== 'same-site') return false;
  return headers.get('sec-fetch-mode') !== 'navigate';
}

function shownToken(authorization: string | null): string[] {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return [credentials];
    case 'basic': {
      const text = Buffer.from(credentials, 'base64').toString('utf8');
      return text.includes(':') ? [text.slice(text.indexOf(':') + 1)] : [];
    }
    default:
      return [];
  }
}

/** Of digests, which have one length: how long it takes says nothing of the token. */
function isSame(shown: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(token));
}
