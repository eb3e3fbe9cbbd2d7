import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

describe('a job in a real Incus container', () => {
  it('passes when its command ends with 0, and its log is what it printed, byte for byte', async () => {
    const { run, events, log } = await site.finish({
      command: 'cat hello.txt; printf "no newline at the end"; printf "and to stderr" >&2',
    });
    expect(log.toString()).toBe('hello from the workspace\nno newline at the endand to stderr');
    expect(events.log()).toEqual(log);
    expect(run.outcome).toMatchObject({ status: 'passed', cause: 'exit', exit_code: 0, log_bytes: log.length });
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });
});
