import { err, ok, type Result } from 'neverthrow';
import type { Certificate } from '../../../domain/machine/certificates.js';
import { type Inherit, inheritedVariables } from '../../../domain/machine/inherited-variables.js';
import type { Clock } from '../../../ports/clock.js';
import type { FileFault, FileStore } from '../../../ports/file-store.js';
import type { RemoteShell } from '../../../ports/remote-shell.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { runCommand } from '../../commands/run-command.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFilesFault } from '../../faults/port-faults.js';
import type { GuestFault } from '../../supervisor/guest.js';
import { hostCertificates } from './host-certificates.js';
import { HostReader } from './host-reader.js';
import { hostRegistries, type InheritedFile } from './host-registries.js';

const BOUND_SECS = 30;
/** For how long what was read is taken to be so for further machines: a file that is renewed later is read anew. */
const FRESH_MS = 60_000;
const WHAT = 'read what machines get of the host’s network ("inherit")';

export interface HostNetworkInput extends Inherit {
  /** The host's own, where it is this machine; asked for by a command otherwise. */
  readonly environment: Environment | null;
}

/** What machines get of the network that their host is in. */
export interface InheritedNetwork {
  readonly variables: Readonly<Record<string, string>>;
  readonly certificates: readonly Certificate[];
  readonly files: readonly InheritedFile[];
  /** What could not be handed on. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const NOTHING: InheritedNetwork = { variables: {}, certificates: [], files: [], warnings: [] };

interface Ports {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly clock: Clock;
}

interface Asked {
  readonly answer: Promise<Result<InheritedNetwork, JobFault>>;
  /** By the monotonic clock, ms. */
  readonly at: number;
}

/** What of a host's own settings its machines get; asked for when one of them is made, and again by those that are made a minute later. */
export class HostNetwork {
  readonly #ports: Ports;
  readonly #input: HostNetworkInput;
  #asked: Asked | null = null;

  constructor(ports: Ports, input: HostNetworkInput) {
    this.#ports = ports;
    this.#input = input;
  }

  /** Of callers within a minute one asks. What has failed is asked for again by the next. */
  readonly learn = (): Promise<Result<InheritedNetwork, JobFault>> => this.#learn(FRESH_MS);

  async #learn(freshMs: number): Promise<Result<InheritedNetwork, JobFault>> {
    const { ca, proxy, registries } = this.#input;
    if (!ca && !proxy && !registries) return ok(NOTHING);
    const at = this.#ports.clock.monotonic();
    if (this.#asked === null || at - this.#asked.at >= freshMs) this.#asked = { answer: this.#ask(), at };
    const asked = this.#asked;
    const answer = await asked.answer;
    if (answer.isErr() && this.#asked === asked) this.#asked = null;
    return answer;
  }

  /** Variables that lie below those of every request. Of a machine that is there, as they were read last: a step does not wait for the host. */
  readonly variables = async (): Promise<Result<Readonly<Record<string, string>>, GuestFault>> => {
    const learnt = await this.#learn(Number.POSITIVE_INFINITY);
    if (learnt.isOk()) return ok(learnt.value.variables);
    const { message, cause } = learnt.error;
    const kind = cause?.kind === 'connection_lost' ? 'connection_lost' : 'refused';
    return err({ kind, message, ...(cause === undefined ? {} : { cause }) });
  };

  async #ask(): Promise<Result<InheritedNetwork, JobFault>> {
    const signal = awakeBound(BOUND_SECS * 1000);
    const environment = await this.#environment(signal);
    if (environment.isErr()) return err(environment.error);
    const reader = new HostReader(this.#ports.hostFiles, signal);
    const { ca, registries } = this.#input;
    const [certificates, { files, variables: ofFiles }] = await Promise.all([
      ca ? hostCertificates(reader, environment.value) : [],
      registries
        ? this.#aptDump(signal).then((dump) => hostRegistries(reader, environment.value, dump))
        : { files: [], variables: {} },
    ]);
    if (reader.fault !== null) return err(notRead(reader.fault));
    const leftOut: string[] = [];
    const variables = inheritedVariables({ ...ofFiles, ...environment.value }, this.#input, (name) =>
      leftOut.push(name),
    );
    const warnings = leftOut.map(
      (name) =>
        `"inherit": ${name} of ${reader.host} has no address that is one without its credentials, and is left out`,
    );
    return ok({ variables, certificates, files, warnings: [...reader.warnings, ...warnings] });
  }

  /** Only apt knows the order of its files, and their syntax. A host without it has nothing to say. */
  async #aptDump(signal: AbortSignal): Promise<string> {
    const call = { purpose: WHAT, timeoutSecs: BOUND_SECS, signal };
    const answer = await runCommand(this.#ports.shell, { argv: ['apt-config', 'dump', 'Acquire'] }, call);
    return answer.map((bytes) => Buffer.from(bytes).toString('utf8')).unwrapOr('');
  }

  async #environment(signal: AbortSignal): Promise<Result<Environment, JobFault>> {
    const { environment } = this.#input;
    if (environment !== null) return ok(environment);
    const call = { purpose: WHAT, timeoutSecs: BOUND_SECS, signal };
    const answer = await runCommand(this.#ports.shell, { argv: ['env', '-0'] }, call);
    return answer.map((bytes) => {
      const entries = Buffer.from(bytes).toString('utf8').split('\0');
      return Object.fromEntries(
        entries.map((entry): [string, string] => {
          const at = entry.indexOf('=');
          return [entry.slice(0, at), entry.slice(at + 1)];
        }),
      );
    });
  }
}

/** No caller's signal ends it: what is cut off has taken too long. */
function notRead(fault: FileFault): JobFault {
  if (fault.kind !== 'aborted') return hostFilesFault(fault, null);
  const message = `${WHAT}: not done within ${BOUND_SECS} s`;
  return { kind: 'host', phase: null, host: fault.host, message };
}
