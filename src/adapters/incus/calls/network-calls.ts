import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { OfMember } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateNetwork, IncusCreateNetworkAcl, IncusNetwork } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { networkSchema } from '../answers/schemas.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

/** Networks and their ACLs: `/1.0/networks`, `/1.0/network-acls`. None of these calls starts an operation. */
export class NetworkCalls {
  constructor(private readonly wire: Wire) {}

  get(project: string, name: string, options?: CallOptions & OfMember): Answer<IncusNetwork> {
    const path = apiPath(['networks', name], { project, target: options?.target });
    return this.wire.get(networkSchema, path, options);
  }

  list(project: string, options?: CallOptions): Answer<readonly IncusNetwork[]> {
    return this.wire.get(z.array(networkSchema), apiPath(['networks'], { project, recursion: '1' }), options);
  }

  create(project: string, network: IncusCreateNetwork, options?: CallOptions & OfMember): Answer<void> {
    const json = { ...network, type: 'bridge' };
    const path = apiPath(['networks'], { project, target: options?.target });
    return this.wire.done({ ...options, method: 'POST', path, json });
  }

  delete(project: string, name: string, options?: CallOptions): Answer<void> {
    return this.wire.done({ ...options, method: 'DELETE', path: apiPath(['networks', name], { project }) });
  }

  createAcl(project: string, acl: IncusCreateNetworkAcl, options?: CallOptions): Answer<void> {
    const enabled = (rules: IncusCreateNetworkAcl['egress']) =>
      rules.map((rule) => ({ ...rule, state: 'enabled' }));
    const json = { ...acl, egress: enabled(acl.egress), ingress: enabled(acl.ingress), config: {} };
    return this.wire.done({ ...options, method: 'POST', path: apiPath(['network-acls'], { project }), json });
  }
}
