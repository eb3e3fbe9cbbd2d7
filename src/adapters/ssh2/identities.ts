import { access, readFile } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import { type AgentKey, agentKeys } from './agent-keys.js';
import type { Ssh2 } from './load-ssh2.js';
import type { SshTarget } from './target.js';

/** A key file that was named, and cannot be used. */
export interface KeyFault {
  readonly path: string;
  readonly problem: 'missing' | 'encrypted' | 'unreadable';
  readonly message: string;
}

/** One authentication to try, and whose key it is with: a file's, or one that only the agent knows (`null`). */
export interface KeyOffer {
  readonly method: AnyAuthMethod;
  readonly path: string | null;
  /** Somebody named this key: it is not just one in a default place. */
  readonly isNamed: boolean;
}

export interface KeyOffers {
  readonly offers: readonly KeyOffer[];
  /** The first key file that cannot be offered, one that is there before one that is not; null when each can. */
  readonly unusable: KeyFault | null;
}

export interface KeySources {
  readonly passphrase: string | undefined;
  /** For the answer of the agent, milliseconds. */
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** How ssh2 says it, also of a passphrase that is not the key's. */
const ENCRYPTED = /encrypted|passphrase/i;

/**
 * The authentications to try, in order: the keys that somebody named, the other keys of the agent unless `IdentitiesOnly` leaves
 * them out, and the files in the default places. A server takes a handful of attempts, so no key comes twice. The agent stands in
 * for a file that is encrypted or has the public key only. A key that has to be there and cannot be used is an error and not a
 * silent skip; another one is passed over.
 */
export async function keyOffers(
  ssh2: Ssh2,
  target: SshTarget,
  sources: KeySources,
): Promise<Result<KeyOffers, KeyFault>> {
  const ofAgent = target.agent === null ? [] : await agentKeys(ssh2, target.agent, sources);
  const seen = new Set<string>();
  const isNew = (blob: Buffer) => seen.size < seen.add(blob.toString('base64')).size;
  const named: KeyOffer[] = [];
  const ofDefaults: FoundKey[] = [];
  const faults: KeyFault[] = [];
  for (const identity of target.identities) {
    const found = await findKey(ssh2, identity.path, sources.passphrase);
    if (found.fault !== null) faults.push(found.fault);
    if (identity.isDefault) {
      ofDefaults.push(found);
      continue;
    }
    const method = methodOf(found, ofAgent, target.user);
    if (method === null && identity.mustExist && found.fault !== null) return err(found.fault);
    if (method === null || found.blob === null || !isNew(found.blob)) continue;
    named.push({ method, path: identity.path, isNamed: true });
  }
  const ofAgentOnly = ofAgent
    .filter(({ blob }) => !target.identitiesOnly && isNew(blob))
    .map(({ method }) => ({ method: method(target.user), path: null, isNamed: false }));
  const defaults = ofDefaults.flatMap((found) => {
    const method = methodOf(found, ofAgent, target.user);
    if (method === null || found.blob === null || !isNew(found.blob)) return [];
    return [{ method, path: found.path, isNamed: false }];
  });
  const unusable = faults.find(({ problem }) => problem !== 'missing') ?? faults[0] ?? null;
  return ok({ offers: [...named, ...ofAgentOnly, ...defaults], unusable });
}

/** The user certificates that OpenSSH would offer with these keys; ssh2 knows none. */
export async function userCertificates(target: SshTarget): Promise<string[]> {
  const paths = [...target.certificates, ...target.identities.map(({ path }) => `${path}-cert.pub`)];
  const there = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return [...new Set(paths.filter((_, index) => there[index]))];
}

interface FoundKey {
  readonly path: string;
  /** The private key, where it can be opened. */
  readonly key: ParsedKey | null;
  /** The public key in wire form. */
  readonly blob: Buffer | null;
  /** Why there is no private key. */
  readonly fault: KeyFault | null;
}

function methodOf(
  { key, blob }: FoundKey,
  ofAgent: readonly AgentKey[],
  username: string,
): AnyAuthMethod | null {
  // ssh2 takes a parsed key as well, whatever its types say.
  if (key !== null) return { type: 'publickey', username, key: key as unknown as Buffer };
  if (blob === null) return null;
  return ofAgent.find((other) => other.blob.equals(blob))?.method(username) ?? null;
}

/** Parsed once here, so that a wrong passphrase is told apart from a refused key. */
async function findKey(ssh2: Ssh2, path: string, passphrase: string | undefined): Promise<FoundKey> {
  try {
    const key = ssh2.utils.parseKey(await readFile(path), passphrase);
    if (key instanceof Error) throw key;
    const blob = key.getPublicSSH();
    if (key.isPrivateKey()) return { path, key, blob, fault: null };
    const message = `${path}: not a private key, and the agent does not hold it`;
    return { path, key: null, blob, fault: { path, problem: 'unreadable', message } };
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'missing' : ENCRYPTED.test(message) ? 'encrypted' : 'unreadable';
    const blob = await publicBlob(ssh2, `${path}.pub`);
    return { path, key: null, blob, fault: { path, problem, message: `${path}: ${message}` } };
  }
}

async function publicBlob(ssh2: Ssh2, path: string): Promise<Buffer | null> {
  try {
    const key = ssh2.utils.parseKey(await readFile(path));
    return key instanceof Error ? null : key.getPublicSSH();
  } catch {
    return null;
  }
}
