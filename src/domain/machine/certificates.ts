import { createHash, X509Certificate } from 'node:crypto';

/** A certificate that machines are to trust. */
export interface Certificate {
  /** SHA-256 of it, in hexadecimal. */
  readonly fingerprint: string;
  /** Whom it names, in one line. */
  readonly subject: string;
  readonly der: Uint8Array;
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;
const ANY_PEM = '-----BEGIN ';

/** Bundles that a Linux distribution makes of all that it trusts: Debian, Alpine, Arch and NixOS; Fedora; openSUSE; others. The first that there is counts. */
export const CA_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
] as const;

/** Where an administrator adds certificates of their own. */
export const CA_ANCHORS = [
  '/usr/local/share/ca-certificates',
  '/etc/pki/ca-trust/source/anchors',
  '/etc/pki/trust/anchors',
  '/etc/ca-certificates/trust-source/anchors',
] as const;

/** Variables that name a file of certificates: a machine is given them, and those of the host name more of its certificates. */
export const CA_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'CARGO_HTTP_CAINFO',
  'NIX_SSL_CERT_FILE',
] as const;

/**
 * The certificates of a file, in PEM or as one in DER. All else in it, such as a private key, is left where it is; `unreadable` counts the blocks that
 * call themselves certificates and are none.
 */
export function certificatesIn(file: Uint8Array): {
  readonly certificates: readonly Certificate[];
  readonly unreadable: number;
} {
  const text = Buffer.from(file).toString('latin1');
  const blocks = text.includes(ANY_PEM)
    ? [...text.matchAll(PEM)].map(([, body = '']) => Buffer.from(body, 'base64'))
    : [Buffer.from(file)];
  const certificates = blocks.flatMap((der) => certificateOf(der) ?? []);
  return { certificates, unreadable: blocks.length - certificates.length };
}

function certificateOf(bytes: Uint8Array): Certificate | null {
  try {
    const { raw, subject } = new X509Certificate(bytes);
    const fingerprint = createHash('sha256').update(raw).digest('hex');
    return { fingerprint, subject: oneLine(subject), der: raw };
  } catch {
    return null;
  }
}

function oneLine(subject: string | undefined): string {
  return (subject ?? '').split('\n').join(', ').slice(0, 200);
}

/** What `trust` of the supervisor reads (guest/README.md): PEM, and before each a line with the name that its file gets. */
export function certificateList(certificates: readonly Certificate[]): string {
  return certificates
    .map(({ fingerprint, der }) => {
      const lines =
        Buffer.from(der)
          .toString('base64')
          .match(/.{1,64}/g) ?? [];
      return [
        `name ${fingerprint.slice(0, 16)}`,
        '-----BEGIN CERTIFICATE-----',
        ...lines,
        '-----END CERTIFICATE-----',
        '',
      ].join('\n');
    })
    .join('');
}
