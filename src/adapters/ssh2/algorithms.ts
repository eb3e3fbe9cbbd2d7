import { listMatches } from './ssh-config-match.js';

/** What ssh2 can, what is offered of it unless the configuration says otherwise, and in which order. */
const KINDS = {
  kex: {
    offered: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group14-sha256',
      'diffie-hellman-group15-sha512',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group17-sha512',
      'diffie-hellman-group18-sha512',
    ],
    possible: [
      'diffie-hellman-group-exchange-sha1',
      'diffie-hellman-group14-sha1',
      'diffie-hellman-group1-sha1',
    ],
  },
  // GCM is the only kind that is fast both with and without ssh2's native addon.
  cipher: {
    offered: [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes128-ctr',
      'aes192-ctr',
      'aes256-ctr',
      'chacha20-poly1305@openssh.com',
    ],
    possible: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc'],
  },
  hmac: {
    offered: [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha1-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
      'hmac-sha1',
    ],
    possible: ['hmac-md5'],
  },
  // The signature of `ssh-rsa` is SHA-1's; the others are of the same keys (RFC 8332).
  serverHostKey: {
    offered: [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
    ],
    possible: ['ssh-rsa'],
  },
} as const;

export type AlgorithmKind = keyof typeof KINDS;
export type AlgorithmChoice = Readonly<Record<AlgorithmKind, readonly string[]>>;

/** The keyword of ssh_config(5) that chooses among the algorithms of a kind. */
const KEYWORDS: Readonly<Record<AlgorithmKind, 'kexalgorithms' | 'ciphers' | 'macs' | 'hostkeyalgorithms'>> =
  {
    kex: 'kexalgorithms',
    cipher: 'ciphers',
    hmac: 'macs',
    serverHostKey: 'hostkeyalgorithms',
  };

/**
 * What is offered of each kind: a list of the configuration in its order, as far as ssh2 can; with `+`, `-` or `^` before it,
 * added to, taken from or set before the usual ones. Throws with the keyword when nothing is left.
 */
export function chooseAlgorithms(
  entry: {
    readonly [keyword in (typeof KEYWORDS)[AlgorithmKind]]?: string | undefined;
  },
): AlgorithmChoice {
  const choice = (kind: AlgorithmKind): readonly string[] => {
    const list = entry[KEYWORDS[kind]];
    const { offered, possible } = KINDS[kind];
    const chosen = list === undefined ? offered : choose(list, offered, [...offered, ...possible]);
    if (chosen.length > 0) return chosen;
    throw new Error(
      `nothing of "${KEYWORDS[kind]} ${list}" can be offered; what can be: ${[...offered, ...possible].join(', ')}`,
    );
  };
  return {
    kex: choice('kex'),
    cipher: choice('cipher'),
    hmac: choice('hmac'),
    serverHostKey: choice('serverHostKey'),
  };
}

function choose(list: string, usual: readonly string[], all: readonly string[]): readonly string[] {
  const sign = /^[+^-]/.exec(list)?.[0];
  const patterns = list.slice(sign === undefined ? 0 : 1).split(',');
  if (sign === '-') return usual.filter((name) => !listMatches(patterns, name));
  const named = [
    ...new Set(patterns.flatMap((pattern) => all.filter((name) => listMatches([pattern], name)))),
  ];
  if (sign === '+') return [...new Set([...usual, ...named])];
  return sign === '^' ? [...new Set([...named, ...usual])] : named;
}
