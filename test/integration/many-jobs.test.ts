import pLimit from 'p-limit';
import { expect, it } from 'vitest';
import { onEachBackend } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  it('many jobs of one run, four at a time, all pass; the snapshot goes up once and no machine is left over', async () => {
    await using site = await Site.open({ backend });
    const four = pLimit(4);
    const count = backend === 'incus' ? 20 : 8;
    const runId = site.newRunId();
    const jobs = Array.from({ length: count }, (_, index) => `job-${index}`);
    const ended = await Promise.all(
      jobs.map((id) => four(() => site.finish({ id, command: `cat hello.txt; echo ${id}` }, { runId }))),
    );
    expect(ended.map(({ log }) => log.toString())).toEqual(
      jobs.map((id) => `hello from the workspace\n${id}\n`),
    );
    expect(ended.map(({ run }) => run.outcome.status)).toEqual(jobs.map(() => 'passed'));
    expect(ended.filter(({ events }) => events.of('upload_progress').length > 0)).toHaveLength(1);
    expect(
      new Set(ended.flatMap(({ events }) => events.of('instance_created').map((e) => e.instance))).size,
    ).toBe(count);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});
