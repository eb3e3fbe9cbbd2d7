import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachBackend } from '../support/backends-under-test.js';
import { git } from '../support/git-repository.js';
import { Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
    await git(site.workspace, 'init', '--quiet', '--initial-branch', 'topic');
    await git(site.workspace, 'add', '.');
    await git(site.workspace, 'commit', '--quiet', '-m', 'first');
  });
  afterAll(() => site[Symbol.asyncDispose]());
  const timeoutSecs = backend === 'microvm' ? 300 : 60;

  describe('what a job finds', () => {
    it('in its variables: the commit and the run, a plain terminal and a plain time zone', async () => {
      const head = await git(site.workspace, 'rev-parse', 'HEAD');
      const show = [
        'echo "$PIKACI_COMMIT $PIKACI_BRANCH $PIKACI_JOB_ID $PIKACI_RUN_ATTEMPT $TERM $TZ"',
        'echo "of $PIKACI_RUN_ID"',
      ].join('\n');
      const env = { PIKACI_BRANCH: 'mine', TZ: 'Europe/Berlin' };
      const plain = await site.finish({ command: show, timeoutSecs });
      const own = await site.finish({ command: show, timeoutSecs, env });
      expect(plain.log.toString()).toBe(`${head} topic j 1 dumb UTC\nof ${plain.run.runId}\n`);
      expect(own.log.toString()).toBe(`${head} mine j 1 dumb Europe/Berlin\nof ${own.run.runId}\n`);
    });
  });
});
