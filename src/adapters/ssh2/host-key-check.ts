import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ShellFault } from '../../ports/remote-shell.js';
import { type KnownHostsLine, keyTypeOf, knownHostsName, namesHost, parseKnownHosts } from './known-hosts.js';

type Refusal = Extract<ShellFault, { kind: 'host_key_refused' }>;

/** Host key algorithms by the key type in known_hosts (RFC 8332: one RSA key, several signatures). */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

export interface KnownHostsFile {
  readonly path: string;
  /** A file that the user named must be there; one of the default places may be missing. */
  readonly mustExist: boolean;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** Decides about one host's key. Anything but a plain line with this very key is a refusal. */
export class HostKeyCheck {
  private constructor(
    private readonly target: { readonly label: string; readonly name: string },
    /** The first of the files: where a new key belongs. */
    private readonly firstFile: string,
    private readonly lines: readonly (KnownHostsLine & { readonly file: string })[],
    private readonly unreadable: { readonly file: string; readonly message: string } | null,
  ) {}

  static async load(
    target: {
      readonly label: string;
      readonly host: string;
      readonly port: number;
      readonly hostKeyAlias: string | null;
    },
    files: readonly KnownHostsFile[],
  ): Promise<HostKeyCheck> {
    const name = target.hostKeyAlias ?? knownHostsName(target.host, target.port);
    const lines: (KnownHostsLine & { readonly file: string })[] = [];
    let unreadable: { readonly file: string; readonly message: string } | null = null;
    for (const file of files) {
      try {
        const parsed = parseKnownHosts(await readFile(file.path, 'utf8'));
        lines.push(...parsed.map((line) => ({ ...line, file: file.path })));
      } catch (error) {
        const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (!missing || file.mustExist) {
          const message = `${file.path}: ${(error as Error).message}`;
          unreadable ??= { file: file.path, message };
        }
      }
    }
    const own = lines.filter((line) => line.marker !== 'cert-authority' && namesHost(line.hosts, name));
    return new HostKeyCheck({ label: target.label, name }, files[0]?.path ?? '', own, unreadable);
  }

  /** Of the algorithms that may be offered those of the known types, so that the host shows a key that can be compared; all where none is known. */
  algorithms(offered: readonly string[]): readonly string[] {
    const known = this.lines
      .filter((line) => line.marker === null)
      .flatMap((line) => ALGORITHMS[line.keyType] ?? []);
    const common = offered.filter((algorithm) => known.includes(algorithm));
    return common.length === 0 ? offered : common;
  }

  /** A key of it is known, of whatever type. */
  get knowsHost(): boolean {
    return this.lines.some((line) => line.marker === null);
  }

  /** `null` when the key may be trusted. */
  refusal(key: Buffer): Refusal | null {
    if (this.unreadable !== null) return this.refuse('unreadable_known_hosts', key, this.unreadable.message);
    const same = this.lines.filter((line) => line.key.equals(key));
    if (same.some((line) => line.marker === 'revoked'))
      return this.refuse('revoked', key, 'the key is revoked');
    if (same.some((line) => line.marker === null)) return null;
    return this.lines.some((line) => line.marker === null)
      ? this.refuse(
          'mismatch',
          key,
          'the host shows another key than the known one; it may not be the host you mean',
        )
      : this.refuse(
          'unknown',
          key,
          'the host is not known; compare the fingerprint and add its key to the file',
        );
  }

  /** The host has no key of a type that is known for it. */
  refusalWithoutKey(offers: string): Refusal {
    return this.refuse('mismatch', null, `the host has no key of the type that is known for it: ${offers}`);
  }

  private refuse(reason: Refusal['reason'], key: Buffer | null, what: string): Refusal {
    const shown = key === null ? '' : ` (${keyTypeOf(key) ?? 'unknown type'} ${fingerprintOf(key)})`;
    return {
      kind: 'host_key_refused',
      host: this.target.label,
      reason,
      fingerprint: key === null ? '' : fingerprintOf(key),
      knownHostsFile: this.fileOf(reason),
      knownHostsName: this.target.name,
      message: `${this.target.name}${shown}: ${what}`,
    };
  }

  /** The one file that a person has to look at, or to add the key to. */
  private fileOf(reason: Refusal['reason']): string {
    if (reason === 'unreadable_known_hosts') return this.unreadable?.file ?? this.firstFile;
    const marker = reason === 'revoked' ? 'revoked' : null;
    const line = reason === 'unknown' ? undefined : this.lines.find((one) => one.marker === marker);
    return line?.file ?? this.firstFile;
  }
}
