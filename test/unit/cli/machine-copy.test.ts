import { describe, expect, it } from 'vitest';
import { must } from '../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli } from './cli-harness.js';

/** What the list of a played guest has beside its files, and how a call of it ends. */
interface Played {
  readonly listed?: readonly string[];
  readonly instead?: { readonly call: string; readonly exit: number };
}

/** A machine m1 that has these files, and the command in a folder. */
async function site(files: Readonly<Record<string, string>> = {}, played: Played = {}) {
  const run = await memoryRun();
  must(await must(await run.pikaci.openMachine({ id: 'm1' })).leave());
  const cli = new Cli();
  cli.pikaci.machines = run.another();
  const [instance] = run.host.incus.allInstances;
  if (instance === undefined) throw new Error('no machine');
  for (const [path, content] of Object.entries(files)) {
    const parts = path.split('/').slice(1, -1);
    for (const [index] of parts.entries())
      must(instance.files.makeDirectory({ path: `/${parts.slice(0, index + 1).join('/')}` }));
    if (!path.endsWith('/')) must(instance.files.write({ path, content: Buffer.from(content) }));
  }
  const { handler } = run.host.supervisor;
  run.host.incus.execHandler = async function* (process) {
    const { command } = process.request;
    if (played.instead !== undefined && command.includes(played.instead.call)) {
      yield { stream: 'stderr', data: Buffer.from('pikaci-incus-run: setup: planted\n') };
      return played.instead.exit;
    }
    if (command.includes('list'))
      for (const entry of played.listed ?? [])
        yield { stream: 'stdout', data: Buffer.from(`${entry}\0`, 'latin1') };
    return yield* handler(process);
  };
  const { localFiles } = run.host;
  const here = async (path: string) =>
    Buffer.from(must(await localFiles.readFile(`${cli.folder}/${path}`))).toString();
  return { run, cli, here, localFiles };
}

describe('machine cp out of a machine', () => {
  it('brings a file, and a directory with all that is in it, empty directories too', async () => {
    const { cli, here, localFiles } = await site({
      '/tmp/o/a': 'of a',
      '/tmp/o/d/b c': 'of b',
      '/tmp/o/empty/inner/': '',
    });
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'o')).toBe(0);
    expect([await here('o/a'), await here('o/d/b c')]).toEqual(['of a', 'of b']);
    expect(must(await localFiles.stat(`${cli.folder}/o/empty/inner`)).type).toBe('directory');
    expect(cli.stderr.text).toBe('pikaci: 2 files brought\n');
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o/a', 'one')).toBe(0);
    expect(await here('one/a')).toBe('of a');
  });

  it('brings names that are not UTF-8 by their bytes, also one that is asked for', async () => {
    const { cli, here, localFiles } = await site({
      '/tmp/o/\udce9': 'odd',
      '/tmp/o/é': 'even',
      '/tmp/o/d\udcff/e/': '',
    });
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'o')).toBe(0);
    expect([await here('o/\udce9'), await here('o/é')]).toEqual(['odd', 'even']);
    expect(must(await localFiles.stat(`${cli.folder}/o/d\udcff/e`)).type).toBe('directory');
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o/\udce9', 'one\udcfe')).toBe(0);
    expect(await here('one\udcfe/\udce9')).toBe('odd');
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o/\udcea', 'none')).toBe(3);
    expect(cli.stderr.text).toContain('no file at or below /tmp/o/\\xea\n');
    expect(await cli.run('machine', 'cp', 'm1:/tmp/\ud800', 'none')).toBe(3);
    expect(cli.stderr.text).toContain('half of a surrogate pair');
  });

  it('makes the directory of an empty one, and has nothing of one that is not there', async () => {
    const { cli, localFiles } = await site({ '/tmp/e/': '' });
    expect(await cli.run('machine', 'cp', 'm1:/tmp/e', 'e')).toBe(0);
    expect(must(await localFiles.stat(`${cli.folder}/e`)).type).toBe('directory');
    expect(await cli.run('machine', 'cp', 'm1:/tmp/f', 'f')).toBe(3);
    expect(cli.stderr.text).toContain('the machine has no file at or below /tmp/f\n');
    expect((await localFiles.stat(`${cli.folder}/f`)).isErr()).toBe(true);
  });

  it('brings what is a file, names all that is none or has no usable name, and exits with 1', async () => {
    const { cli, here } = await site(
      { '/tmp/o/a': 'a', '/tmp/o/-rf $x': 'odd' },
      {
        listed: ['l 5 /tmp/o/link', 'p 0 /tmp/o/fifo', 'f 1 /tmp/o/n\nl', 'd 4096 /tmp/o/d\x07'],
      },
    );
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'o')).toBe(1);
    expect([await here('o/a'), await here('o/-rf $x')]).toEqual(['a', 'odd']);
    const said = cli.stderr.text.trimEnd().split('\n');
    expect(said.slice(0, -1).sort()).toEqual([
      'pikaci: /tmp/o/d\\x07 was not brought: control character',
      'pikaci: /tmp/o/fifo was not brought: special file',
      'pikaci: /tmp/o/link was not brought: symbolic link',
      'pikaci: /tmp/o/n\\nl was not brought: control character',
    ]);
    expect(said.at(-1)).toBe('pikaci: 2 files brought, 4 not');
  });

  it('says of a path here that is a link that this one is in the way', async () => {
    const { cli, localFiles } = await site({ '/tmp/o': 'o' });
    must(await localFiles.makeDirectory(cli.folder));
    must(await localFiles.writeFile(`${cli.folder}/there`, Buffer.from('is kept')));
    localFiles.link('there', `${cli.folder}/link`);
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'link')).toBe(1);
    expect(cli.stderr.text).toContain(
      '/tmp/o was not brought: path conflict: in its way at or below link on this machine is a link that leads to no directory, a file',
    );
  });

  it('keeps and names what had come when the connection is lost for good, and exits with 3', async () => {
    const { run, cli, here } = await site(
      { '/tmp/o/a': 'a', '/tmp/o/b': 'b' },
      { listed: ['l 5 /tmp/o/link'] },
    );
    const { handler } = run.host.supervisor;
    const played = run.host.incus.execHandler;
    let archives = 0;
    run.host.incus.execHandler = async function* (process) {
      if (!process.request.command.includes('pack')) return yield* played(process);
      const first = await handler(process).next();
      if (++archives === 1 && first.done !== true) yield first.value;
      run.host.incus.dropConnections();
      await process.signalled;
      return 137;
    };
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'o')).toBe(3);
    expect(await here('o/a')).toBe('a');
    expect(cli.stderr.text).toContain('/tmp/o/link was not brought: symbolic link\n');
    expect(cli.stderr.text).toContain('/tmp/o/b was not brought: left behind\n');
    expect(cli.stderr.text).toContain('pikaci: 1 file brought, 2 not\n');
    expect(cli.stderr.text).toContain('the connection broke too often');
  });

  it('says how far it came when the guest packs no more, and exits with 3', async () => {
    const { cli } = await site(
      { '/tmp/o/a': 'a', '/tmp/o/b': 'b' },
      { listed: ['l 5 /tmp/o/link'], instead: { call: 'pack', exit: 70 } },
    );
    expect(await cli.run('machine', 'cp', 'm1:/tmp/o', 'o')).toBe(3);
    expect(cli.stderr.text).toContain('/tmp/o/link was not brought: symbolic link\n');
    expect(cli.stderr.text).toContain('/tmp/o/a was not brought: left behind\n');
    expect(cli.stderr.text).toContain('pikaci: 0 files brought, 3 not\n');
    expect(cli.stderr.text).toContain('transfer_failed');
  });

  it.each(['/dev/zero', '/dev', '/proc/self/status', '/sys/kernel/mm'])(
    'refuses %s, of which no size is known, before the guest is asked',
    async (path) => {
      const { cli } = await site({}, { instead: { call: 'list', exit: 70 } });
      expect(await cli.run('machine', 'cp', `m1:${path}`, 'x')).toBe(3);
      expect(cli.stderr.text).toContain(`${path} is not a file on a disk`);
      expect(cli.stderr.text).not.toContain('planted');
    },
  );

  it('does not refuse what is in memory for files', async () => {
    const { cli, here } = await site({ '/dev/shm/a': 'a' });
    expect(await cli.run('machine', 'cp', 'm1:/dev/shm/a', 'x')).toBe(0);
    expect(await here('x/a')).toBe('a');
  });
});
