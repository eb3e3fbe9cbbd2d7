import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusMember, IncusMemberState } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { memberSchema, memberStateSchema } from '../answers/cluster-schemas.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

/** The members of a cluster: `/1.0/cluster/members`. */
export class ClusterCalls {
  constructor(private readonly wire: Wire) {}

  members(options?: CallOptions): Answer<readonly IncusMember[]> {
    return this.wire.get(z.array(memberSchema), apiPath(['cluster', 'members'], { recursion: '1' }), options);
  }

  state(name: string, options?: CallOptions): Answer<IncusMemberState> {
    return this.wire.get(memberStateSchema, apiPath(['cluster', 'members', name, 'state']), options);
  }
}
