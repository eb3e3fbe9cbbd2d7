import { z } from 'zod';

/** `user@host:port`, `host`, or an alias of `~/.ssh/config`; IPv6 in brackets. */
export const sshTarget = z
  .string()
  .regex(/^(?:[^@\s:/-][^@\s:/]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@\s:/[\]-][^@\s:/[\]]*)(?::[0-9]{1,5})?$/, {
    error: 'must be "host", "user@host" or "user@host:port"',
  })
  .refine((target) => Number(/:([0-9]+)$/.exec(target)?.[1] ?? 22) <= 65_535, {
    error: 'the port must be at most 65535',
  });

/** A member's name. */
const member = z.string().min(1);

/** What a daemon in a cluster cannot be asked; of no meaning for one that is in none. */
export const incusClusterSchema = z.strictObject({
  /** The member that the host is. Over the network it is found by its address where that is left out; on the host its daemon says it. */
  member: member.optional(),
  /** Members that jobs may run on, beside which the host itself has no better right; `all` is what the daemon says when it is asked. Left out together with `group`: the host alone. */
  members: z
    .union([z.literal('all'), z.array(member).min(1).max(64)], {
      error: 'must be "all", or a list of 1 to 64 names of members',
    })
    .optional(),
  /** The group of members that jobs may run on. */
  group: z.string().min(1).optional(),
  /** How members are reached by SSH, by their names, as in `host.ssh`; the user of the host and the address that the cluster says when left out. */
  ssh: z.record(member, sshTarget).default({}),
});
