import { z } from 'zod';
import { isNormalisedAbsolutePath, isWithin, pathError } from '../values/path-rules.js';
import { GUEST_WORKSPACE_DIR, ownerOfGuestPath } from './guest-paths.js';

const MOST_DIRECTORIES = 64;

const absolute = (what: string) =>
  z.string().refine(isNormalisedAbsolutePath, pathError(`must be an absolute, normalised path ${what}`));

const guestPath = absolute('in the machine')
  .refine((path) => path !== '/', { error: 'cannot replace the whole machine' })
  .refine((path) => !isWithin(GUEST_WORKSPACE_DIR, path) && !isWithin(path, GUEST_WORKSPACE_DIR), {
    error: `would cover or lie in ${GUEST_WORKSPACE_DIR}, which is the workspace`,
  })
  .refine((path) => ownerOfGuestPath(path) === undefined, {
    error: 'would cover or lie in a place that the supervisor owns',
  });

const hostDirectorySchema = z.strictObject({
  /** On the host; where it leads to if it is a link. */
  source: absolute('on the host'),
  /** In the machine. One may lie in another. */
  path: guestPath,
  readOnly: z.boolean().default(true),
});

/** Root of the host is nobody that a machine could be. */
const ordinaryId = z
  .number()
  .int()
  .min(1, { error: 'is an ordinary user of the host, never root' })
  .max(2 ** 32 - 2);

/** Directories of the host that a machine gets as they are. */
export const hostDirectoryOptions = {
  /** Containers of Incus only, and only for what is trusted. */
  hostDirectories: z.array(hostDirectorySchema).max(MOST_DIRECTORIES).default([]),
  /** Who root of the machine is on the host: what it writes into these directories is theirs, and what they have is root's there. */
  hostOwner: z.strictObject({ uid: ordinaryId, gid: ordinaryId }).optional(),
} as const;

/** One directory of the host in a machine. */
export type HostDirectory = z.output<typeof hostDirectorySchema>;

interface WithHostDirectories {
  readonly hostDirectories: readonly HostDirectory[];
  readonly hostOwner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly instanceType: 'container' | 'virtual-machine';
}

/** A refinement of what has these keys. */
export function usableHostDirectories(
  { hostDirectories, hostOwner, instanceType }: WithHostDirectories,
  context: z.RefinementCtx,
): void {
  const problem = (path: readonly (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  if (instanceType === 'virtual-machine' && (hostDirectories.length > 0 || hostOwner !== undefined))
    problem(['hostDirectories'], 'a virtual machine gets no directories of the host: use a container');
  for (const [index, { path, readOnly }] of hostDirectories.entries()) {
    const at = ['hostDirectories', index] as const;
    if (hostDirectories.slice(0, index).some((other) => other.path === path))
      problem([...at, 'path'], `${path} is the place of another directory of the host as well`);
    if (!readOnly && hostOwner === undefined)
      problem([...at, 'readOnly'], 'what is written needs an owner on the host: say who in "hostOwner"');
  }
}
