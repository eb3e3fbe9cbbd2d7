import { randomBytes } from 'node:crypto';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusCreateInstance } from '../../../ports/incus-types.js';

/** A daemon to hold to the contract, with the names of what is there. */
export interface IncusContractSubject {
  readonly api: IncusApi;
  readonly project: string;
  /** Give an instance its root disk. */
  readonly profiles: readonly string[];
  readonly imageAlias: string;
  readonly pool: string;
  /** Another connection to the same daemon, that the suite may close. */
  another(): Promise<IncusApi>;
  /** Called after the last test. */
  dispose(): Promise<void>;
}

/** What an implementation can be asked for; what is left out is not tried. */
export interface IncusContractCapabilities {
  /** Size of the output that the streaming test reads, in bytes. */
  readonly bulkBytes: number;
  /** A guest with a real `sh`, `stty` and `head`. */
  readonly realGuest: boolean;
}

export interface Bench {
  readonly subject: () => IncusContractSubject;
  readonly capabilities: IncusContractCapabilities;
}

/** A name that no other run uses. */
export function freshName(): string {
  return `contract-${randomBytes(5).toString('hex')}x`;
}

export function newInstance(
  subject: IncusContractSubject,
  parts: Partial<IncusCreateInstance> = {},
): IncusCreateInstance {
  return {
    name: freshName(),
    type: 'container',
    ephemeral: true,
    start: true,
    source: { alias: subject.imageAlias },
    profiles: subject.profiles,
    config: {},
    devices: {},
    ...parts,
  };
}

/** Stops and deletes, whatever state the instance is in; for the end of a test. */
export async function discard({ api, project }: IncusContractSubject, name: string): Promise<void> {
  await api.changeState(project, name, { action: 'stop', timeoutSecs: 0, force: true });
  await api.deleteInstance(project, name);
}
