import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusMember } from '../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusServer } from '../../ports/incus-types.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import { hostOfUrl } from './host-of-url.js';

export interface HostMemberParts {
  readonly incus: IncusApi;
  readonly shell: RemoteShell;
  /** As the configuration says; null where it does not. */
  readonly configured: string | null;
  /** Whether the daemon is asked on the host itself, so that the one that answers is the host's own. */
  readonly isOwnDaemon: boolean;
}

/**
 * Which member of a cluster the host is: there are a job's directories, and so its machine has to be there. A daemon that is in no cluster is
 * not asked anything for it: what else is asked of it says so.
 */
export class HostMember {
  readonly #parts: HostMemberParts;
  #name: string | null | undefined;

  constructor(parts: HostMemberParts) {
    this.#parts = parts;
  }

  /** Takes note of what a daemon has said of itself. */
  heard({ clustered, serverName }: IncusServer): void {
    const { configured, isOwnDaemon } = this.#parts;
    if (!clustered) this.#name = null;
    else if (this.#name == null)
      this.#name = configured ?? (isOwnDaemon && serverName !== '' ? serverName : undefined);
  }

  /** Null where the daemon is in no cluster. `invalid_request` where nobody can tell. */
  async name(signal: AbortSignal | undefined): Promise<Result<string | null, IncusFault>> {
    if (this.#name !== undefined) return ok(this.#name);
    const { incus } = this.#parts;
    const server = await incus.server(signal === undefined ? {} : { signal });
    if (server.isErr()) return err(server.error);
    this.heard(server.value);
    if (this.#name !== undefined) return ok(this.#name);
    const members = await incus.clusterMembers(signal === undefined ? {} : { signal });
    if (members.isErr()) return err(this.#unknown(members.error.message));
    const addresses = await this.#addresses(signal);
    const own = members.value.filter(({ url }) => addresses.has(hostOfUrl(url)));
    const [only] = own;
    if (only === undefined || own.length > 1)
      return err(this.#unknown(`its members are ${members.value.map(described).join(', ')}`));
    this.#name = only.name;
    return ok(this.#name);
  }

  /** Of the host's own network devices. */
  async #addresses(signal = new AbortController().signal): Promise<ReadonlySet<string>> {
    const command = { argv: ['hostname', '-I'] } as const;
    const purpose = 'asking the host for its addresses';
    const said = await runCommand(this.#parts.shell, command, { purpose, timeoutSecs: 30, signal });
    return new Set(said.isErr() ? [] : Buffer.from(said.value).toString('utf8').split(/\s+/).filter(Boolean));
  }

  #unknown(why: string): IncusFault {
    const { shell, incus } = this.#parts;
    const message = `the daemon is in a cluster, and which member ${shell.host} is cannot be told (${why}): name it as "incus": {"cluster": {"member": …}}`;
    return {
      kind: 'invalid_request',
      host: incus.host,
      tried: 'GET /1.0/cluster/members',
      status: null,
      message,
    };
  }
}

function described({ name, url }: IncusMember): string {
  return `${name} at ${hostOfUrl(url)}`;
}
