import { err } from 'neverthrow';
import { expect, it } from 'vitest';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import { WorkDirectory } from '../../../../../src/application/directories/work-directory.js';
import { MicrovmHost } from '../../../../../src/application/machine/microvm/microvm-host.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';

const SCRIPTS = {
  'pikaci-microvm-host': 'the host’s\n',
  'pikaci-microvm-guest': 'the guest’s\n',
  'pikaci-incus-run': 'the supervisor\n',
} as const;

function played() {
  const host = new MemoryHost();
  const executed: string[] = [];
  host.shell.handle(({ command }) => {
    const [shell, script = ''] = command.argv;
    if (shell !== '/bin/sh') return undefined;
    return host.hostFiles.readFile(script).then((text) => {
      executed.push(Buffer.from(must(text)).toString('utf8'));
      return 0;
    });
  });
  const make = () =>
    new MicrovmHost(host.adapters, new WorkDirectory(host.adapters, '/srv/pikaci'), () => SCRIPTS);
  const call = { signal: new AbortController().signal, phase: null };
  const query = () => make().query(['machines', '/srv/pikaci'], call);
  return { host, executed, check: () => make().ask(['check'], call), query };
}

async function scriptsOn(host: MemoryHost): Promise<string> {
  const [version] = must(await host.hostFiles.list('/srv/pikaci/cache/microvm'));
  return `/srv/pikaci/cache/microvm/${version?.name}`;
}

it('only what was sent is executed, whatever stands there under its name', async () => {
  const { host, executed, check } = played();
  must(await check());
  const directory = await scriptsOn(host);
  for (const [name, text] of Object.entries(SCRIPTS)) {
    must(await host.hostFiles.writeFile(`${directory}/${name}`, Buffer.from(`not ${text}`)));
    must(await check());
    expect(Buffer.from(must(await host.hostFiles.readFile(`${directory}/${name}`))).toString()).toBe(text);
  }
  expect(new Set(executed)).toEqual(new Set([SCRIPTS['pikaci-microvm-host']]));
});

it('nothing is executed of a work directory that others can write to', async () => {
  const { host, executed, check } = played();
  must(await check());
  must(await host.hostFiles.setMode('/srv/pikaci', 0o1777));
  mustFail(await check(), 'host_files');
  expect(executed).toHaveLength(1);
});

/** Files can still be removed, and directories made: whatever has content cannot be written. */
function fillDisk({ hostFiles }: MemoryHost, kind: 'no_space' | 'io' | 'permission_denied'): void {
  hostFiles.writeFile = async (path) =>
    err({ kind, host: 'memory', path, operation: 'write', message: 'Failure' });
}

it.each(['no_space', 'io'] as const)(
  'on a full disk (%s) there is no machine where no script ever was',
  async (kind) => {
    const { host, executed, check, query } = played();
    fillDisk(host, kind);
    expect(must(await query())).toBe('');
    // The directory that was made for it is there now.
    expect(must(await query())).toBe('');
    mustFail(await check(), 'host_files');
    expect(executed).toEqual([]);
  },
);

it('on a full disk a script of another version may have started machines, which are not called none', async () => {
  const { host, query } = played();
  const other = '/srv/pikaci/cache/microvm/0123456789abcdef';
  must(await host.hostFiles.makeDirectory(other));
  must(await host.hostFiles.writeFile(`${other}/pikaci-microvm-host`, Buffer.from('another one')));
  fillDisk(host, 'no_space');
  mustFail(await query(), 'host_files');
});

it('a host that refuses the script has machines or not: that is not known', async () => {
  const { host, query } = played();
  fillDisk(host, 'permission_denied');
  mustFail(await query(), 'host_files');
});
