import { createHmac, timingSafeEqual } from 'node:crypto';
import { listMatches } from './ssh-config-match.js';

/** A line of a known_hosts file. Format: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". */
export interface KnownHostsLine {
  readonly marker: 'revoked' | 'cert-authority' | null;
  /** The first field as it stands: patterns with commas, or one hashed name. */
  readonly hosts: string;
  /** `ssh-ed25519`, `ssh-rsa` … as in the file. */
  readonly keyType: string;
  /** The key's wire form. */
  readonly key: Buffer;
}

/** Reads the text of a known_hosts file. Lines that are not in the format are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string): readonly KnownHostsLine[] {
  return text.split('\n').flatMap((raw) => {
    const fields = raw.trim().split(/[ \t]+/);
    if (fields[0] === undefined || fields[0] === '' || fields[0].startsWith('#')) return [];
    const marker = fields[0].startsWith('@') ? fields.shift() : undefined;
    if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return [];
    const [hosts, keyType, base64] = fields;
    if (hosts === undefined || keyType === undefined || base64 === undefined) return [];
    const key = Buffer.from(base64, 'base64');
    if (keyTypeOf(key) !== keyType) return [];
    const kind = marker === '@revoked' ? 'revoked' : marker === '@cert-authority' ? 'cert-authority' : null;
    return [{ marker: kind, hosts, keyType, key }];
  });
}

/** The type that a key in wire form says it is: a string with its length before it (RFC 4253, 6.6). */
export function keyTypeOf(key: Buffer): string | null {
  if (key.length < 4) return null;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= key.length - 4 ? key.toString('latin1', 4, 4 + length) : null;
}

/** The name under which known_hosts keeps a host: lower case, in brackets with its port unless that is 22. */
export function knownHostsName(host: string, port: number): string {
  const lower = host.toLowerCase();
  return port === 22 ? lower : `[${lower}]:${port}`;
}

/** Whether a line's host field names `name`. One matching negated pattern outweighs every other pattern of the line. */
export function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return hashedNameMatches(hosts, name);
  return listMatches(hosts.toLowerCase().split(','), name);
}

function hashedNameMatches(field: string, name: string): boolean {
  const [, , salt, hash] = field.split('|');
  if (salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
