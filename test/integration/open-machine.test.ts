import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenMachine } from '../../src/index.js';
import { filePath } from '../../src/streams/name-bytes.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  let opened = 0;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await writeConfig(site, {});
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const newId = () => `m-${randomBytes(3).toString('hex')}-${++opened}`;
  const open = async (more: object = {}) =>
    must(await site.pikaci.openMachine({ id: newId(), workspace: site.workspace, ...more }));
  const stepLog = (machine: OpenMachine, step: string) =>
    readFile(join(site.stateRoot, 'machines', machine.id, 'steps', step, 'guest.log'));

  describe('an open machine', () => {
    it('runs steps that share files, variables and the workspace, each with its own log and exit code', async () => {
      await using machine = await open({ env: { GREETING: 'hello' }, writableWorkspace: true });
      const first = must(
        await machine.run({
          id: 'first',
          command:
            'cat hello.txt; echo "$GREETING" >/tmp/kept; echo "LEVEL=7" >>"$PIKACI_ENV"; echo new >made; exit 3',
        }),
      );
      expect(first).toMatchObject({ stepId: 'first', status: 'failed', cause: 'exit', exitCode: 3 });
      expect((await stepLog(machine, 'first')).toString()).toBe('hello from the workspace\n');
      const second = must(
        await machine.run({
          id: 'second',
          command: 'cat /tmp/kept made; echo "level $LEVEL in $PWD as $(id -un)"',
          workingDirectory: '/workspace/snapshot',
        }),
      );
      expect(second.exitCode).toBe(0);
      expect((await stepLog(machine, 'second')).toString()).toBe(
        'hello\nnew\nlevel 7 in /workspace/snapshot as pikaci\n',
      );
      // Above the machine's variables, below those of the step.
      must(await machine.run({ command: 'echo "GREETING=exported" >>"$PIKACI_ENV"' }));
      must(await machine.run({ id: 'exported', command: 'echo "$GREETING"' }));
      must(await machine.run({ id: 'own', command: 'echo "$GREETING"', env: { GREETING: 'own' } }));
      expect((await stepLog(machine, 'exported')).toString()).toBe('exported\n');
      expect((await stepLog(machine, 'own')).toString()).toBe('own\n');
      const words = must(await machine.run({ id: 'words', command: ['printf', '%s|', 'a b', "it's"] }));
      expect(words.exitCode).toBe(0);
      expect((await stepLog(machine, 'words')).toString()).toBe("a b|it's|");
      const shell = must(
        await machine.run({ id: 'shell', command: 'id -u; echo "$0"', shell: ['sh', '-e'], runAsRoot: true }),
      );
      expect(shell.exitCode).toBe(0);
      expect((await stepLog(machine, 'shell')).toString()).toMatch(/^0\n\//);
    });

    it('keeps every byte of what its steps write, and tells each as it comes', async () => {
      await using machine = await open();
      const seen: Uint8Array[] = [];
      const command = 'head -c 3000000 /dev/urandom | tee /tmp/random; sha256sum </tmp/random >/tmp/sum';
      must(await machine.run({ id: 'bytes', command, onOutput: (data) => void seen.push(data) }));
      const log = await stepLog(machine, 'bytes');
      expect(log.length).toBe(3_000_000);
      expect(Buffer.concat(seen).equals(log)).toBe(true);
      const sum = must(await machine.run({ id: 'sum', command: 'sha256sum </tmp/random | diff - /tmp/sum' }));
      expect(sum.exitCode).toBe(0);
    });

    it('takes files and directories, and gives them back, whole or not at all', async () => {
      await using machine = await open();
      const local = join(site.directory, 'sent');
      await mkdir(join(local, 'deep'), { recursive: true });
      await writeFile(join(local, 'deep/a file'), 'one\n');
      const odd = filePath(local, 'deep/\udce9');
      await writeFile(odd, 'odd\n');
      const large = randomBytes(5_000_000);
      await writeFile(join(local, 'large.bin'), large, { mode: 0o640 });
      must(await machine.upload(local, '/tmp/got'));
      must(await machine.upload(join(local, 'large.bin'), '/tmp/single/large.bin'));
      must(await machine.upload(join(local, 'deep/\udce9'), '/tmp/single/odd'));
      const looked = must(
        await machine.run({
          id: 'look',
          command:
            'cd /tmp && cmp got/large.bin single/large.bin && cat "got/deep/a file" single/odd && stat -c %a:%U single/large.bin; ln -s /etc/passwd got/link; mkdir -p got/none/at/all',
        }),
      );
      expect((await stepLog(machine, 'look')).toString()).toBe('one\nodd\n640:pikaci\n');
      expect(looked.exitCode).toBe(0);
      const back = join(site.directory, `back-${machine.id}`);
      const report = must(await machine.download('/tmp/got', back));
      expect(report.collected.map(({ path }) => path).sort()).toEqual([
        'deep/a file',
        'deep/\udce9',
        'large.bin',
      ]);
      const one = must(await machine.download('/tmp/got/deep/\udce9', `${back}-1`));
      expect(one).toMatchObject({ collected: [{ path: '\udce9', bytes: 4 }], refused: [] });
      expect(await readFile(filePath(`${back}-1`, '\udce9'), 'utf8')).toBe('odd\n');
      expect(report.refused).toEqual([{ path: '/tmp/got/link', rule: expect.any(String) }]);
      expect((await readFile(join(back, 'large.bin'))).equals(large)).toBe(true);
      expect(await readdir(join(back, 'none/at/all'))).toEqual([]);
      expect((await machine.download('/tmp/nowhere', `${back}-2`))._unsafeUnwrapErr().kind).toBe(
        'transfer_failed',
      );
      expect((await machine.upload(join(local, 'missing'), '/tmp/x'))._unsafeUnwrapErr().kind).toBe(
        'local_files',
      );
    });

    // To a microVM nothing goes before the host has all of it.
    if (backend === 'incus')
      it('has no part of a file whose upload was cancelled', async () => {
        await using machine = await open();
        const large = join(site.directory, 'endless.bin');
        await writeFile(large, '');
        await truncate(large, 8 * 1024 ** 3);
        const cancel = new AbortController();
        const sent = machine.upload(large, '/tmp/up/file', { signal: cancel.signal });
        const seen = 'until ls -A /tmp/up 2>/dev/null | grep -q pikaci-put; do sleep 0.05; done; echo seen';
        must(await machine.run({ command: seen, timeoutSecs: 60, onOutput: () => cancel.abort() }));
        expect((await sent)._unsafeUnwrapErr().kind).toBe('cancelled');
        const gone = 'while ls -A /tmp/up | grep pikaci-put; do sleep 0.05; done; ls -A /tmp/up';
        expect(must(await machine.run({ id: 'gone', command: gone, timeoutSecs: 60 })).exitCode).toBe(0);
        expect((await stepLog(machine, 'gone')).toString()).not.toMatch(/^file$/m);
      });

    it('ends a step at its timeout and when it is told to, and runs the next one', async () => {
      await using machine = await open();
      const late = must(await machine.run({ command: 'sleep 600', timeoutSecs: 1, graceSecs: 1 }));
      expect(late).toMatchObject({ status: 'failed', cause: 'timeout', exitCode: 124 });
      const cancel = new AbortController();
      const cancelled = must(
        await machine.run({
          command: 'echo begun; sleep 600',
          signal: cancel.signal,
          onOutput: () => cancel.abort(),
        }),
      );
      expect(cancelled).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
      expect(must(await machine.run({ command: 'exit 5' })).exitCode).toBe(5);
    });

    it('runs one step at a time, whoever asks: one of two at once is refused by name', async () => {
      await using machine = await open();
      const other = must(await site.open({}).attachMachine(machine.id));
      const results = await Promise.all(
        [machine, other].map((one, index) => one.run({ id: `s${index}`, command: 'echo ran; sleep 1' })),
      );
      const refused = results.flatMap((result) => (result.isErr() ? [result.error] : []));
      expect(results.filter((result) => result.isOk())).toHaveLength(1);
      expect(refused.map(({ kind }) => kind)).toEqual(['machine_busy']);
      expect(refused[0]?.message).toMatch(/s[01]/);
      must(await other.leave());
    });

    it('is taken up by another process in the middle of a step whose runner was killed', async () => {
      const id = newId();
      const begin = await commandLine(site, ['machine', 'open', '--id', id]).end;
      expect(begin).toMatchObject({ code: 0, stdout: `${id}\n` });
      const command = 'echo begun; until [ -e /tmp/go ]; do sleep 0.05; done; echo done; exit 4';
      const killed = commandLine(site, ['machine', 'run', '--step', 'long', id, command]);
      await killed.said('begun');
      killed.kill('SIGKILL');
      await killed.end;
      const machine = must(await site.pikaci.attachMachine(id));
      expect((await machine.run({ command: 'true' }))._unsafeUnwrapErr()).toMatchObject({
        kind: 'machine_busy',
        message: expect.stringContaining('long'),
      });
      await writeFile(join(site.directory, 'go'), '');
      must(await machine.upload(join(site.directory, 'go'), '/tmp/go'));
      expect(must(await machine.attachStep('long'))).toMatchObject({ exitCode: 4, status: 'failed' });
      expect((await stepLog(machine, 'long')).toString()).toBe('begun\ndone\n');
      // Between steps as well: whoever comes later finds the machine as it was left.
      must(await machine.leave());
      const next = await commandLine(site, ['machine', 'run', id, 'ls', '/tmp/go']).end;
      expect(next).toMatchObject({ code: 0, stdout: '/tmp/go\n' });
      const logs = await commandLine(site, ['machine', 'logs', id, 'long']).end;
      expect(logs).toMatchObject({ code: 0, stdout: 'begun\ndone\n' });
      expect((await commandLine(site, ['machine', 'close', id]).end).code).toBe(0);
      expect((await site.pikaci.attachMachine(id))._unsafeUnwrapErr().kind).toBe('machine_released');
      expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    });

    it('shows a step that another process follows, ends it when asked, and forgets its secrets', async () => {
      await using machine = await open({ runAsRoot: true });
      let begun: () => void = () => {};
      const began = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const command = 'echo "at $PIKACI_SECRETS_DIR"; exec sleep 600';
      const first = machine.run({ id: 's', command, secrets: { TOKEN: 'hunter2-hunter2' }, onOutput: begun });
      await began;
      const watching = commandLine(site, ['machine', 'logs', machine.id, 's', '--follow']);
      await watching.said('at /');
      const cancel = await commandLine(site, ['machine', 'cancel', machine.id, 's']).end;
      expect(cancel).toMatchObject({ code: 0, stderr: expect.stringContaining('was cancelled') });
      expect(must(await first)).toMatchObject({ status: 'cancelled', cause: 'cancelled' });
      const log = (await stepLog(machine, 's')).toString();
      expect(await watching.end).toMatchObject({ code: 130, stdout: log });
      const directory = /at (.*)/.exec(log)?.[1];
      const look = must(
        await machine.run({ command: `test ! -e '${directory}' && test ! -e '${directory}/../json'` }),
      );
      expect(look.exitCode).toBe(0);
    });

    it('that nobody uses any more is reaped, and its steps’ records stay', async () => {
      const machine = await open();
      must(await machine.run({ id: 'before', command: 'echo here' }));
      must(await machine.leave());
      await site.endLease(machine.id, 'machine');
      expect(must(await site.pikaci.reap()).deleted).toHaveLength(1);
      const fault = (await site.pikaci.attachMachine(machine.id))._unsafeUnwrapErr();
      expect(fault).toMatchObject({ kind: 'machine_gone', message: expect.stringContaining('lease') });
      expect((await stepLog(machine, 'before')).toString()).toBe('here\n');
      expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    });

    it('has a shell, of the user who runs its steps', async () => {
      await using machine = await open();
      must(await machine.run({ command: 'true' }));
      const shell = must(await machine.shell({ columns: 100, rows: 30 }));
      let shown = '';
      const reading = (async () => {
        for await (const { data } of shell.output) shown += Buffer.from(data).toString('utf8');
      })();
      must(await shell.write(Buffer.from('echo "I am $(id -un) at $(pwd), $HOME"; stty size; exit 9\n')));
      const exit = must(await shell.exit);
      await reading;
      expect(exit.code).toBe(9);
      expect(shown).toContain('I am pikaci at /workspace/snapshot, /home/pikaci');
      expect(shown).toContain('30 100');
    });
  });
});
