import { expect, it } from 'vitest';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

const job = { id: 'j', command: 'true', timeoutSecs: 60 };

async function recording(stateRoot = '/tree/.pikaci') {
  const host = new MemoryHost();
  await host.setWorkspace('/tree', { a: { content: 'a' } });
  const config = { host: 'local', stateRoot } as const;
  const pikaci = must(createPikaci(config, { adapters: host.adapters }));
  const calls = [
    () => pikaci.runJob({ job, workspace: '/tree' }),
    () => pikaci.runTarget({ target: 't', definition: { jobs: [job] }, workspace: '/tree' }),
    () => pikaci.openMachine({}),
  ] as const;
  return { files: host.localFiles, pikaci, calls };
}

it.each([0, 1, 2])(
  'call %i makes the state root for its owner alone, and closes one that others can read',
  async (call) => {
    for (const mode of [null, 0o755]) {
      const { files, calls } = await recording();
      if (mode !== null) must(await files.makeDirectory('/tree/.pikaci', { mode }));
      expect((await calls[call]?.())?.isOk()).toBe(true);
      expect(must(await files.lstat('/tree/.pikaci')).mode).toBe(0o700);
    }
  },
);

it.each([0, 1, 2])('call %i records nothing where a link of that name leads to', async (call) => {
  for (const stateRoot of ['/tree/.pikaci', '/tree/.pikaci/']) {
    const { files, calls } = await recording(stateRoot);
    must(await files.makeDirectory('/forged'));
    files.link('/forged', '/tree/.pikaci');
    const refused = await calls[call]?.();
    expect(refused?._unsafeUnwrapErr()).toMatchObject({
      kind: 'local_files',
      message: expect.stringContaining('readlink -f /tree/.pikaci'),
    });
    expect(must(await files.list('/forged'))).toEqual([]);
  }
});

it.each(['attach', 'rerun', 'shell', 'attachMachine', 'listMachines'] as const)(
  '%s takes up nothing of what a link of that name leads to',
  async (name) => {
    const { files, pikaci } = await recording();
    must(await files.makeDirectory('/forged/runs/r/jobs/j'));
    files.link('/forged', '/tree/.pikaci');
    const calls = {
      attach: () => pikaci.attach('r', 'j'),
      rerun: () => pikaci.rerun('r'),
      shell: () => pikaci.shell('r', 'j'),
      attachMachine: () => pikaci.attachMachine('m'),
      listMachines: () => pikaci.listMachines(),
    };
    expect((await calls[name]())._unsafeUnwrapErr()).toMatchObject({
      kind: 'local_files',
      field: 'stateRoot',
      message: expect.stringContaining('readlink -f /tree/.pikaci'),
    });
    expect(must(await files.list('/forged/runs/r/jobs/j'))).toEqual([]);
  },
);

it.each([0, 1, 2])(
  'call %i leaves a directory open that holds other things, such as /srv, and closes what is its own',
  async (call) => {
    const { files, calls } = await recording();
    must(await files.makeDirectory('/tree/.pikaci/www'));
    must(await files.makeDirectory('/tree/.pikaci/runs', { mode: 0o755 }));
    must(await files.setMode('/tree/.pikaci', 0o755));
    expect((await calls[call]?.())?.isOk()).toBe(true);
    const modes = await Promise.all(
      ['', '/www', '/runs', '/machines'].map(
        async (name) => must(await files.lstat(`/tree/.pikaci${name}`)).mode,
      ),
    );
    expect(modes).toEqual([0o755, 0o755, 0o700, 0o700]);
  },
);

it('a directory that is everybody’s, such as /tmp, is used as it is: others live there', async () => {
  const { files, calls } = await recording();
  must(await files.makeDirectory('/tree/.pikaci'));
  must(await files.setMode('/tree/.pikaci', 0o1777));
  expect((await calls[0]()).isOk()).toBe(true);
  expect(must(await files.lstat('/tree/.pikaci')).mode & 0o777).toBe(0o777);
  expect(must(await files.lstat('/tree/.pikaci/runs')).mode).toBe(0o700);
});
