import { X509Certificate } from 'node:crypto';

/** The one certificate that is accepted: as PEM, or by its SHA-256 fingerprint (hex, colons allowed), as `incus info` shows it. */
export type PinnedCertificate = { readonly pem: string } | { readonly fingerprint: string };

/** Lower-case hex of the SHA-256 fingerprint, or `null` when the pin cannot be read: then nothing is accepted. */
export function pinOf(pinned: PinnedCertificate): string | null {
  if ('fingerprint' in pinned) {
    const hex = pinned.fingerprint.replaceAll(':', '').toLowerCase();
    return /^[0-9a-f]{64}$/.test(hex) ? hex : null;
  }
  try {
    return new X509Certificate(pinned.pem).fingerprint256.replaceAll(':', '').toLowerCase();
  } catch {
    return null;
  }
}
