import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachMachine } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachMachine(({ backend, guest }) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend, ...(guest && { guest }) });
    const at = (path: string) => join(site.workspace, path);
    await mkdir(at('deep/er'), { recursive: true });
    await writeFile(at('deep/er/file.txt'), 'as it was\n');
    execFileSync('touch', ['-d', '2001-02-03 04:05:06.123456789 UTC', at('deep/er/file.txt')]);
    await writeFile(at('script.sh'), '#!/bin/sh\necho runs\n');
    await chmod(at('script.sh'), 0o755);
    await writeFile(at('secretive.txt'), 'for its owner alone\n');
    await chmod(at('secretive.txt'), 0o600);
    await writeFile(at('unwritable.txt'), 'nobody writes here\n');
    await chmod(at('unwritable.txt'), 0o444);
    await writeFile(at('odd name\nwith "quotes" and ü'), 'odd\n');
    await symlink('deep/er/file.txt', at('link'));
    await symlink('/nowhere/at/all', at('dangling'));
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const change = `
  echo changed >deep/er/file.txt && cat link && echo new >deep/new.txt && rm script.sh && mkdir made && mv secretive.txt moved
  cat moved && for name in *; do printf '%s|' "$name" | tr '\\n' '|'; done && echo && id -un`;
  const changed =
    'changed\nfor its owner alone\ndangling|deep|hello.txt|link|made|moved|odd name|with "quotes" and ü|unwritable.txt|\n';
  const snapshotFiles =
    'cd "$1"/snapshots/*/snapshot && find . -type f | sort && cat deep/er/file.txt && ./script.sh';

  describe('the workspace', () => {
    it('is read-only unless asked otherwise, and all of its files can be read, with their times to the nanosecond', async () => {
      const { run, log } = await site.finish({
        command: `cat deep/er/file.txt link secretive.txt unwritable.txt odd*; ./script.sh; readlink dangling
        touch new 2>/dev/null || echo 'no new file'; echo x 2>/dev/null >>hello.txt || echo 'no change'
        stat -c %y deep/er/file.txt`,
      });
      expect(log.toString()).toBe(
        'as it was\nas it was\nfor its owner alone\nnobody writes here\nodd\nruns\n/nowhere/at/all\nno new file\nno change\n2001-02-03 04:05:06.123456789 +0000\n',
      );
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('is read-only for root as well', async () => {
      const { log } = await site.finish({
        command: `touch new 2>/dev/null || echo 'no new file'; rm -f hello.txt 2>/dev/null || echo 'no removal'`,
        runAsRoot: true,
      });
      expect(log.toString()).toBe('no new file\nno removal\n');
    });

    for (const runAsRoot of [false, true]) {
      const user = runAsRoot ? 'root' : 'pikaci';
      it(`may be changed by ${user} when it is writable; the snapshot and the next job see nothing of it`, async () => {
        const before = await site.onHost(snapshotFiles, site.workDir);
        const { run, log } = await site.finish({ command: change, writableWorkspace: true, runAsRoot });
        expect(log.toString()).toBe(`${changed}${user}\n`);
        expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
        expect(await site.onHost(snapshotFiles, site.workDir)).toBe(before);
        const next = await site.finish({
          command: 'cat deep/er/file.txt; ls made moved 2>/dev/null || ./script.sh',
        });
        expect(next.log.toString()).toBe('as it was\nruns\n');
        expect(await site.leftovers()).toEqual(NOTHING_LEFT);
      });
    }

    it('has its changes among the artifacts when they are asked for', async () => {
      const { run } = await site.finish({
        command: 'mkdir out && echo built >out/result.txt && echo no >out/other.bin',
        writableWorkspace: true,
        artifacts: ['out/**/*.txt', './deep/**'],
      });
      expect(run.outcome.artifacts).toEqual({
        collected: [
          { path: 'out/result.txt', bytes: 6 },
          { path: 'deep/er/file.txt', bytes: 10 },
        ],
        refused: [],
        refused_count: 0,
        incomplete: null,
      });
    });
  });
});
