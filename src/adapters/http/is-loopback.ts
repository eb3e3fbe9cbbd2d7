import { isIP } from 'node:net';

/** True for what only this machine can reach. A name is not looked up: what it stands for may change. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** The host of a `Host` header, without port and brackets; null when it has no such form. */
export function hostOfHeader(header: string): string | null {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?$/.exec(header);
  return found?.[1] ?? found?.[2]?.toLowerCase() ?? null;
}
