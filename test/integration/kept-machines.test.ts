import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  describe('the machine of a job that failed', () => {
    it('is kept when that was asked for: its outcome is there, a shell opens in it, and a reaper takes it', async () => {
      const runId = site.newRunId();
      const job = {
        id: 'j',
        command: 'echo broken >/tmp/state; echo kept >/artifacts/kept.txt; exit 5',
        artifacts: ['/artifacts/*.txt'],
        timeoutSecs: backend === 'microvm' ? 300 : 60,
      };
      const run = must(
        await site.pikaci.runJob({ job, workspace: site.workspace, runId, keepOnFailureSecs: 600 }),
      );
      must(await run.cleanUp);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 5 });
      expect(run.outcome.artifacts.collected.map(({ path }) => path)).toEqual(['kept.txt']);
      const shell = must(await site.pikaci.shell(runId, 'j', { columns: 80, rows: 24 }));
      let shown = '';
      const reading = (async () => {
        for await (const { data } of shell.output) shown += Buffer.from(data).toString('utf8');
      })();
      must(
        await shell.write(Buffer.from('echo "it is $(cat /tmp/state), I am $(id -un) of $HOME"; exit 3\n')),
      );
      expect(must(await shell.exit).code).toBe(3);
      await reading;
      expect(shown).toContain('it is broken, I am pikaci of /home/pikaci');
      await site.endLease(runId);
      expect(must(await site.pikaci.reap()).deleted).toHaveLength(1);
      expect(
        (await site.pikaci.shell(runId, 'j', { columns: 80, rows: 24 }))._unsafeUnwrapErr().message,
      ).toContain('is gone');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('goes at once when it passed', async () => {
      const runId = site.newRunId();
      const { run } = await site.finish({ command: 'true' }, { runId, keepOnFailureSecs: 600 });
      expect(run.outcome.status).toBe('passed');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });
});
