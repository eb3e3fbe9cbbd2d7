import { access, readFile } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { AnyAuthMethod } from 'ssh2';
import type { Ssh2 } from './load-ssh2.js';
import type { SshTarget } from './target.js';

/** A key file that was named, and cannot be used. */
export interface KeyFault {
  readonly path: string;
  readonly problem: 'missing' | 'encrypted' | 'unreadable';
  readonly message: string;
}

/** How ssh2 says it, also of a passphrase that is not the key's. */
const ENCRYPTED = /encrypted|passphrase/i;

/**
 * The authentications to try, in order: the keys of the agent, then the key files. A key that was named and cannot be read is an
 * error and not a silent skip; an encrypted default key without a passphrase is passed over.
 */
export async function authMethods(
  ssh2: Ssh2,
  target: SshTarget,
  passphrase: string | undefined,
): Promise<Result<AnyAuthMethod[], KeyFault>> {
  const methods: AnyAuthMethod[] = [];
  if (target.agent !== null) methods.push({ type: 'agent', username: target.user, agent: target.agent });
  for (const { path, mustExist } of target.identities) {
    const key = await readKey(ssh2, path, passphrase);
    if (key.isOk()) methods.push({ type: 'publickey', username: target.user, key: key.value });
    else if (mustExist) return err(key.error);
  }
  return ok(methods);
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

async function readKey(
  ssh2: Ssh2,
  path: string,
  passphrase: string | undefined,
): Promise<Result<ReturnType<typeof parsed>, KeyFault>> {
  try {
    return ok(parsed(ssh2, await readFile(path), passphrase));
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'missing' : ENCRYPTED.test(message) ? 'encrypted' : 'unreadable';
    return err({ path, problem, message: `${path}: ${message}` });
  }
}

/** Parsed once here, so that a wrong passphrase is told apart from a refused key. */
function parsed(ssh2: Ssh2, data: Buffer, passphrase: string | undefined) {
  const key = ssh2.utils.parseKey(data, passphrase);
  if (key instanceof Error) throw key;
  if (!key.isPrivateKey()) throw new Error('not a private key');
  return key;
}
