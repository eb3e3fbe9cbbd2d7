import { MemoryHost, type MemoryHostOptions } from '../../../src/adapters/memory/memory-host.js';
import type { Pikaci } from '../../../src/application/api/pikaci.js';
import { createPikaci } from '../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../src/domain/config/config.js';
import type { PikaciEvent } from '../../../src/domain/events/event.js';
import { must } from '../../../src/testing/contract/expect-result.js';

export const WORKSPACE = '/srv/tree';
export const STATE = '/state/runs/run/jobs/job';

export interface MemoryRun {
  readonly host: MemoryHost;
  readonly pikaci: Pikaci;
  readonly events: PikaciEvent[];
  /** Another runner's pikaci on the same host and the same state. */
  another(config?: Partial<PikaciConfigInput>): Pikaci;
  /** Types of the events but for the log and the progress of uploads. */
  eventTypes(): string[];
  /** What came as log events. */
  log(): string;
  /** A file of the state root. */
  state(name: string): Promise<string>;
  readonly sink: { emit(event: PikaciEvent): void };
}

/** A runner and a host in memory, with a workspace of one file. */
export async function memoryRun(options: MemoryHostOptions = {}): Promise<MemoryRun> {
  const host = new MemoryHost(options);
  await host.setWorkspace(WORKSPACE, { 'src/main.rs': { content: 'fn main() {}\n' } });
  const events: PikaciEvent[] = [];
  const another = (config: Partial<PikaciConfigInput> = {}) =>
    must(
      createPikaci(
        { host: 'local', workDir: '/var/pikaci', stateRoot: '/state', ...config },
        { adapters: host.adapters },
      ),
    );
  return {
    host,
    pikaci: another(),
    events,
    another,
    sink: { emit: (event) => void events.push(event) },
    eventTypes: () =>
      events.filter(({ type }) => type !== 'log_bytes' && type !== 'upload_progress').map(({ type }) => type),
    log: () =>
      Buffer.concat(events.flatMap((event) => (event.type === 'log_bytes' ? [event.data] : []))).toString(),
    state: async (name) =>
      Buffer.from(must(await host.localFiles.readFile(`${STATE}/${name}`))).toString('utf8'),
  };
}
