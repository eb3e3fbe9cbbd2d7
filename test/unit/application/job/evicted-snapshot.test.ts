import { describe, expect, it } from 'vitest';
import type { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import type { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import { LAST_USE } from '../../../../src/domain/target/retention.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const SNAPSHOTS = '/var/pikaci/snapshots';

async function evict(files: MemoryFileStore): Promise<void> {
  must(await files.remove(SNAPSHOTS, { recursive: true }));
}

/** A job on a host on which something happens before the snapshot is looked at, or before the machine is made. */
async function run(make: (host: MemoryHost) => { hostFiles?: FileStore; incus?: IncusApi }) {
  const { host } = await memoryRun();
  const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
  const pikaci = must(createPikaci(config, { adapters: { ...host.adapters, ...make(host) } }));
  const events: PikaciEvent[] = [];
  const ran = await pikaci.runJob({
    job: { id: 'job', command: 'make' },
    workspace: WORKSPACE,
    runId: 'run',
    events: { emit: (event) => void events.push(event) },
  });
  if (ran.isOk()) must(await ran.value.cleanUp);
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { host, ran, warnings };
}

const beforeLooking = (times: number) => (host: MemoryHost) => {
  let left = times;
  const realpath: FileStore['realpath'] = async (path, options) => {
    if (path.startsWith(SNAPSHOTS) && path.endsWith('/snapshot') && left-- > 0) await evict(host.hostFiles);
    return host.hostFiles.realpath(path, options);
  };
  return { hostFiles: Object.assign(Object.create(host.hostFiles), { realpath }) as FileStore };
};

const beforeCreating = (host: MemoryHost) => {
  let done = false;
  const createInstance: IncusApi['createInstance'] = async (...call) => {
    if (!done) await evict(host.hostFiles);
    done = true;
    return host.incus.createInstance(...call);
  };
  return { incus: Object.assign(Object.create(host.incus), { createInstance }) as IncusApi };
};

describe('a job whose snapshot is evicted under it', () => {
  it.each([
    ['before its mounts are looked at', beforeLooking(1)],
    ['before its machine is made', beforeCreating],
  ])('%s stages it again, says so, and passes', async (_title, make) => {
    const { host, ran, warnings } = await run(make);
    expect(must(ran).outcome.status).toBe('passed');
    expect(warnings).toEqual([expect.stringContaining('staging it again')]);
    expect(host.shell.uploads).toHaveLength(2);
    expect(host.incus.allInstances).toEqual([]);
  });

  it('again and again gives up, and leaves nothing', async () => {
    const { host, ran } = await run(beforeLooking(100));
    mustFail(ran, 'host_files');
    expect(host.shell.uploads).toHaveLength(5);
    expect(must(await host.hostFiles.list('/var/pikaci/runs'))).toEqual([]);
  });

  it('is not what a full disk looks like: that is a fault at once', async () => {
    const { host, ran, warnings } = await run(({ hostFiles }) => {
      // The snapshot's own: the directory of the job appears by one, too, and may be the first.
      const rename = hostFiles.rename.bind(hostFiles);
      hostFiles.rename = (from, to, options) => {
        if (to.includes('/snapshots/')) hostFiles.failNext('rename', 'no_space');
        return rename(from, to, options);
      };
      return {};
    });
    mustFail(ran, 'host_files');
    expect(host.shell.uploads).toHaveLength(1);
    expect(warnings.join()).not.toContain('staged again');
  });

  it('says of every snapshot that it uses when it used it', async () => {
    const { host } = await run(() => ({}));
    const [hash] = must(await host.hostFiles.list(SNAPSHOTS));
    const bytes = must(await host.hostFiles.readFile(`${SNAPSHOTS}/${hash?.name}/${LAST_USE}`));
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({ schema_version: 1, run_id: 'run' });
  });
});
