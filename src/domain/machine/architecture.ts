import { z } from 'zod';

/** As Incus calls them, and `uname -m`. */
const ARCHITECTURES = [
  'x86_64',
  'aarch64',
  'i686',
  'armv6l',
  'armv7l',
  'armv8l',
  'ppc',
  'ppc64',
  'ppc64le',
  's390x',
  'mips',
  'mips64',
  'riscv32',
  'riscv64',
  'loongarch64',
] as const;
const ELSEWHERE: Readonly<Record<string, string>> = { amd64: 'x86_64', arm64: 'aarch64', x64: 'x86_64' };

/** What kind of processor a job needs. */
export const architectureSchema = z.enum(ARCHITECTURES, {
  error: ({ input }) => {
    const known = typeof input === 'string' && Object.hasOwn(ELSEWHERE, input) ? ELSEWHERE[input] : undefined;
    return known === undefined
      ? `must be an architecture as "uname -m" says it: ${ARCHITECTURES.join(', ')}`
      : `${String(input)} is called ${known} here, as "uname -m" says it`;
  },
});
