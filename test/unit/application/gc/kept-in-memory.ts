import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { LAST_USE } from '../../../../src/domain/target/retention.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import type { RemoteShell } from '../../../../src/ports/remote-shell.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

export const WORK = '/var/pikaci';
export const DAY = 24 * 3600_000;
export const SNAPSHOT = 'a'.repeat(64);
export const OTHER = 'b'.repeat(64);
export const OUTPUT = 'c'.repeat(64);

/** A host in memory that keeps things, and pikacis that clean it. */
export class KeptInMemory {
  readonly clock = new MemoryClock(1_800_000_000_000, { skipUpToMs: 5000 });
  readonly host = new MemoryHost({ clock: this.clock });

  pikaci(
    adapters: {
      readonly incus?: IncusApi;
      readonly hostFiles?: FileStore;
      readonly shell?: RemoteShell;
    } = {},
    backend: 'incus' | 'microvm' = 'incus',
  ) {
    const config = { host: 'local', workDir: WORK, backend } as const;
    return must(createPikaci(config, { adapters: { ...this.host.adapters, ...adapters } }));
  }

  async keep(folder: 'snapshots' | 'prepared', hash: string, bytes = 1024): Promise<string> {
    const { hostFiles } = this.host;
    const home = `${WORK}/${folder}/${hash}`;
    const marker = folder === 'snapshots' ? 'pikaci-snapshot.json' : 'pikaci-prepared.json';
    must(await hostFiles.makeDirectory(`${home}/content`));
    must(await hostFiles.writeFile(`${home}/content/file`, Buffer.alloc(bytes)));
    must(await hostFiles.writeFile(`${home}/${marker}`, Buffer.from('')));
    return home;
  }

  async use(home: string): Promise<void> {
    must(await this.host.hostFiles.writeFile(`${home}/${LAST_USE}`, Buffer.from('{}')));
  }

  /** A machine of some project that mounts a directory, looked after by nobody. */
  async mount(source: string, project = 'default'): Promise<void> {
    this.host.incus.world.addImage(project, 'pikaci/dev');
    must(
      await this.host.incus.createInstance(project, {
        name: 'm',
        type: 'container',
        ephemeral: true,
        start: true,
        source: { alias: 'pikaci/dev' },
        profiles: [],
        config: {},
        devices: { d: { type: 'disk', source, path: '/workspace/snapshot' } },
      }),
    );
  }

  async names(folder: 'snapshots' | 'prepared' | 'runs'): Promise<string[]> {
    return must(await this.host.hostFiles.list(`${WORK}/${folder}`)).map(({ name }) => name);
  }
}
