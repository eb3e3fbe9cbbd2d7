import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactReport } from '../../src/index.js';
import { filePath } from '../../src/streams/name-bytes.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const paths = ({ collected }: ArtifactReport) => collected.map(({ path }) => path).sort();
  const refusals = ({ refused }: ArtifactReport) =>
    Object.fromEntries(refused.map(({ path, rule }) => [path, rule]));

  describe.concurrent('artifacts', () => {
    it('are brought back for patterns of both kinds, byte for byte, without the supervisor’s own files', async () => {
      const { run } = await site.finish({
        command: `mkdir -p /artifacts/deep/er build/.hidden; head -c 300000 /dev/urandom >/artifacts/deep/er/random
        sha256sum </artifacts/deep/er/random | cut -d ' ' -f 1; : >/artifacts/empty; echo in >build/out.txt
        echo dot >build/.hidden/dot.txt; echo no >build/out.o`,
        writableWorkspace: true,
        artifacts: ['/artifacts/**', 'build/**/*.txt'],
      });
      const { artifacts } = run.outcome;
      expect(paths(artifacts)).toEqual(['build/.hidden/dot.txt', 'build/out.txt', 'deep/er/random', 'empty']);
      expect(artifacts).toMatchObject({ refused: [], refused_count: 0, incomplete: null });
      const sum = (await readFile(run.state.guestLog, 'utf8')).trim();
      const { createHash } = await import('node:crypto');
      const random = await readFile(`${run.state.artifactsDir}/deep/er/random`);
      expect(createHash('sha256').update(random).digest('hex')).toBe(sum);
      expect((await stat(`${run.state.artifactsDir}/empty`)).size).toBe(0);
    });

    it('of a failed job are brought back as well, and its reports of tests are read', async () => {
      const { run } = await site.finish({
        command: `echo why >/artifacts/core.txt; mkdir out
        echo '<testsuite name="s"><testcase name="t"><failure message="no"/></testcase><testcase name="u"/></testsuite>' >out/junit-1.xml
        exit 3`,
        writableWorkspace: true,
        artifacts: ['/artifacts/*.txt'],
        reports: { junit: ['**/junit*.xml', '/artifacts/none.xml'] },
      });
      expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 3 });
      expect(paths(run.outcome.artifacts)).toEqual(['core.txt', 'out/junit-1.xml']);
      expect(run.outcome.artifacts).not.toHaveProperty('unmatched');
      expect(run.outcome.test_report).toMatchObject({
        ...{ files: 1, tests: 2, passed: 1, failed: 1, unmatched: ['/artifacts/none.xml'] },
        failures: [{ suite: 's', name: 't', status: 'failed', message: 'no' }],
      });
    });

    it('that are links, devices or pipes are refused by name, and the rest is kept', async () => {
      const { run } = await site.finish({
        command: `cd /artifacts; echo good >good; echo also >zgood; ln -s /etc/shadow shadow; ln -s good inner; mkfifo pipe
        mknod null c 1 3 2>/dev/null || mkfifo null; ln -s /etc directory-link`,
        runAsRoot: true,
        artifacts: ['/artifacts/**'],
      });
      const { artifacts } = run.outcome;
      expect(paths(artifacts)).toEqual(['good', 'zgood']);
      expect(refusals(artifacts)).toEqual({
        '/artifacts/shadow': 'symbolic_link',
        '/artifacts/inner': 'symbolic_link',
        '/artifacts/directory-link': 'symbolic_link',
        '/artifacts/pipe': 'special_file',
        '/artifacts/null': 'special_file',
      });
      expect((await readdir(run.state.artifactsDir)).sort()).toEqual(['good', 'zgood']);
    });

    it('of one job are in the next one, read-only, and nothing but what the rules have let in', async () => {
      const runId = site.newRunId();
      const timeoutSecs = backend === 'microvm' ? 300 : 60;
      const definition = {
        jobs: [
          {
            id: 'make',
            timeoutSecs,
            // A repository of the job's own making: git is not asked about it on the runner.
            command: `cd /artifacts; mkdir -p .git deep/.pikaci; printf '[core]\\n\\tfsmonitor = "touch ${site.directory}/ran"\\n' >.git/config
            echo 'ref: refs/heads/main' >.git/HEAD; mkdir .git/objects .git/refs
            printf '#!/bin/sh\\necho made\\n' >tool; chmod 4755 tool; echo in >deep/.pikaci/y; ln -s /etc/shadow link; mkfifo pipe; echo no >left-out`,
            artifacts: ['/artifacts/**', '!/artifacts/left-out'],
          },
          { id: 'none', timeoutSecs, command: 'true', artifacts: ['/artifacts/**'] },
          {
            id: 'use',
            timeoutSecs,
            artifactsFrom: ['make', 'none'],
            command: `cd /artifacts-from; find . | sort; make/tool; cat make/deep/.pikaci/y; stat -c %a make/tool
            for to in make none; do touch $to/new 2>/dev/null && echo written; done; true`,
          },
        ],
      };
      const run = must(
        await site.pikaci.runTarget({ target: 'a', definition, workspace: site.workspace, runId }),
      );
      must(await run.cleanUp);
      const use = run.jobs.find(({ jobId }) => jobId === 'use');
      const log = await readFile(`${site.stateRoot}/runs/${runId}/jobs/use/guest.log`, 'utf8').catch(
        () => use,
      );
      expect(log).toBe(
        `${['.', './make', './make/.git', './make/.git/HEAD', './make/.git/config', './make/deep', './make/deep/.pikaci', './make/deep/.pikaci/y', './make/tool', './none'].join('\n')}\nmade\nin\n755\n`,
      );
      expect(run.record.status).toBe('passed');
      await expect(stat(`${site.directory}/ran`)).rejects.toThrow('ENOENT');
    });

    it('that are two names of one file come as two files', async () => {
      const { run } = await site.finish({
        command: 'cd /artifacts; echo twice >a; ln a b',
        artifacts: ['/artifacts/*'],
      });
      expect(paths(run.outcome.artifacts)).toEqual(['a', 'b']);
      expect(await readFile(`${run.state.artifactsDir}/b`, 'utf8')).toBe('twice\n');
    });

    it('that claim to be enormous are given up at once, and those behind them still come', async () => {
      const { run } = await site.finish({
        // A microVM's host lets no file grow past its own bound.
        command: `cd /artifacts; truncate -s ${backend === 'incus' ? '100G' : '7G'} bomb1 bomb2; echo a >a; echo z >z`,
        artifacts: ['/artifacts/*'],
        artifactCaps: { fileBytes: 10_000_000 },
      });
      const { artifacts, phases } = run.outcome;
      expect(paths(artifacts)).toEqual(['a', 'z']);
      expect(refusals(artifacts)).toEqual({
        '/artifacts/bomb1': 'file_too_large',
        '/artifacts/bomb2': 'file_too_large',
      });
      expect(phases.find(({ phase }) => phase === 'collect_artifacts')?.duration_ms).toBeLessThan(20_000);
    });

    it('stay within the caps on bytes and on files that the job sets', async () => {
      const { run } = await site.finish({
        command:
          'cd /artifacts; for i in 1 2 3 4 5 6; do head -c 1000 /dev/zero >f$i; done; head -c 1001 /dev/zero >g',
        artifacts: ['/artifacts/*'],
        artifactCaps: { fileBytes: 1000, totalBytes: 3500, files: 6 },
      });
      const few = await site.finish({
        command: 'cd /artifacts; for i in 1 2 3; do echo $i >f$i; done',
        artifacts: ['/artifacts/*'],
        artifactCaps: { files: 2 },
      });
      const { artifacts } = run.outcome;
      const rules = Object.values(refusals(artifacts));
      expect(artifacts.collected.map(({ bytes }) => bytes)).toEqual([1000, 1000, 1000]);
      expect(rules.sort()).toEqual(['file_too_large', ...Array.from({ length: 3 }, () => 'total_too_large')]);
      expect(few.run.outcome.artifacts.collected).toHaveLength(2);
      expect(Object.values(refusals(few.run.outcome.artifacts))).toEqual(['too_many_files']);
      expect(artifacts.refused_count).toBe(4);
    });

    it('may have the oddest names', async () => {
      const { run } = await site.finish({
        command: `cd /artifacts; echo 1 >'new
line'; echo 2 >' lead'; echo 3 >'-rf'; echo 4 >'ünï 😀'; echo 5 >"q'\\"uote"; echo 6 >'back\\slash'; echo 7 >'[glob]*'
        echo 9 >'...'; mkdir -p 'a b/c'; echo 10 >'a b/c/ '`,
        artifacts: ['/artifacts/**'],
      });
      const { artifacts } = run.outcome;
      expect(paths(artifacts)).toEqual(
        [' lead', '-rf', '...', 'q\'"uote', '[glob]*', 'a b/c/ ', 'back\\slash', 'ünï 😀'].sort(),
      );
      expect(artifacts.incomplete).toBeNull();
      expect(refusals(artifacts)).toEqual({
        '/artifacts/new\nline': 'control_character',
      });
      expect(await readFile(`${run.state.artifactsDir}/ünï 😀`, 'utf8')).toBe('4\n');
    });

    it('may have names that are not UTF-8, which come back by their bytes, with their secrets masked', async () => {
      const secret = 'a-name-of-3-parts';
      const { run } = await site.finish({
        command: `e=$(printf '\\351'); cd /artifacts; echo 1 >"caf$e.txt"; mkdir -p "d$e/$e"; echo 2 >"d$e/$e/$(cat "$PIKACI_SECRETS_DIR/NAMED")-$e.bin"
        f=$(printf '\\303\\251'); echo 3 >"caf$f.txt"; echo 4 >$e.xml; cd - >/dev/null; mkdir -p out
        echo 5 >out/$e.txt; echo 6 >out/$e$e.txt; echo '<testsuite name="s"><testcase name="t"/></testsuite>' >"out/junit$e.xml"`,
        secrets: { NAMED: secret },
        writableWorkspace: true,
        artifacts: ['/artifacts/**/*.txt', '/artifacts/d?/**', 'out/?.txt', '!/artifacts/*.xml'],
        reports: { junit: ['out/junit[!a-z].xml'] },
      });
      const { artifacts, test_report } = run.outcome;
      const names = ['caf\udce9.txt', 'café.txt', 'd\udce9/\udce9/***-\udce9.bin', 'out/\udce9.txt'];
      expect(paths(artifacts)).toEqual([...names, 'out/junit\udce9.xml'].sort());
      expect(artifacts).toMatchObject({ refused: [], incomplete: null });
      expect(artifacts).not.toHaveProperty('unmatched');
      expect(test_report).toMatchObject({ files: 1, tests: 1, passed: 1 });
      const contents = await Promise.all(
        names.map((name) => readFile(filePath(run.state.artifactsDir, name), 'utf8')),
      );
      expect(contents).toEqual(['1\n', '3\n', '2\n', '5\n']);
      const kept = await readdir(run.state.artifactsDir, { encoding: 'buffer' });
      expect(kept.map((name) => name.toString('latin1')).sort()).toEqual([
        'caf\u00c3\u00a9.txt',
        'caf\u00e9.txt',
        'd\u00e9',
        'out',
      ]);
    });

    it('may have names as long as a file system takes, and paths that are longer than most', async () => {
      const { run } = await site.finish({
        command: `cd /artifacts; d=$(printf 'd%.0s' $(seq 200)); n=$(printf 'n%.0s' $(seq 255)); echo long >$n
          for i in 1 2 3 4 5 6 7 8 9 10 11 12; do mkdir $d && cd $d; done; echo deep >deep`,
        artifacts: ['/artifacts/**'],
      });
      const { artifacts } = run.outcome;
      expect(artifacts).toMatchObject({ refused: [], incomplete: null });
      const lengths = artifacts.collected.map(({ path }) => path.length).sort((a, b) => a - b);
      expect(lengths).toEqual([255, 12 * 201 + 4]);
      for (const { path } of artifacts.collected)
        expect((await stat(`${run.state.artifactsDir}/${path}`)).size).toBe(5);
    });

    it('that are too large, or no files, are named, however many, and the others come', async () => {
      const { run } = await site.finish({
        command: `cd /artifacts; echo a >a; for i in $(seq 20); do truncate -s 40M big$i; done; echo z >z; mkdir empty
          perl -e 'use Socket; socket(my $s, PF_UNIX, SOCK_STREAM, 0); bind($s, pack_sockaddr_un("left")) or die' || mkfifo left`,
        artifacts: ['/artifacts/**'],
        artifactCaps: { fileBytes: 10_000_000 },
      });
      const { artifacts } = run.outcome;
      expect(paths(artifacts)).toEqual(['a', 'z']);
      const { '/artifacts/left': left, ...big } = refusals(artifacts);
      expect(left).toBe('special_file');
      expect(Object.values(big)).toEqual(Array.from({ length: 20 }, () => 'file_too_large'));
      expect(artifacts.incomplete).toBeNull();
      expect(artifacts.refused_count).toBe(21);
    });

    it('may be executed here when they could be there, and have no other mode of the guest', async () => {
      const { run } = await site.finish({
        command: 'cd /artifacts; for f in tool plain; do echo x >$f; done; chmod 4755 tool; chmod 2640 plain',
        artifacts: ['/artifacts/*'],
      });
      const mode = async (name: string) => (await stat(`${run.state.artifactsDir}/${name}`)).mode & 0o7777;
      expect([await mode('tool'), await mode('plain')]).toEqual([0o755, 0o644]);
    });

    it('may be called as the supervisor’s result, which it keeps elsewhere', async () => {
      const { run } = await site.finish({
        command: 'echo own >/artifacts/result.json; exit 3',
        artifacts: ['/artifacts/**'],
      });
      expect(run.outcome).toMatchObject({ status: 'failed', exit_code: 3 });
      expect(paths(run.outcome.artifacts)).toEqual(['result.json']);
      expect(await readFile(`${run.state.artifactsDir}/result.json`, 'utf8')).toBe('own\n');
    });

    it('of two places with one local name: the first is kept, the other is named', async () => {
      const { run } = await site.finish({
        command:
          'echo from artifacts >/artifacts/same; echo from workspace >same; mkdir both; echo x >both/f; echo y >/artifacts/both',
        writableWorkspace: true,
        artifacts: ['/artifacts/*', 'same', 'both/*'],
      });
      const { artifacts } = run.outcome;
      expect(artifacts.collected).toHaveLength(2);
      expect(Object.values(refusals(artifacts)).sort()).toEqual(['duplicate_path', 'path_conflict']);
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });
  });
});
