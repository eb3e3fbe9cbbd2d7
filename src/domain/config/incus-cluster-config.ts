import { z } from 'zod';

/** A member's name. */
const member = z.string().min(1);

/** What a daemon in a cluster cannot be asked; of no meaning for one that is in none. */
export const incusClusterSchema = z.strictObject({
  /** The member that the host is. Over the network it is found by its address where that is left out; on the host its daemon says it. */
  member: member.optional(),
});
