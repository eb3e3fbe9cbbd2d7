import { describe, expect, it } from 'vitest';
import { runVariables, withRunVariables } from '../../../../src/domain/job/run-variables.js';
import { TargetInMemory, WORKSPACE } from './target-in-memory.js';

const COMMIT = 'c'.repeat(40);
const ENTRIES = { 'src/main.rs': { content: 'fn main() {}\n' } };

/** A target that notes the variables of each job, and of its prepare command. */
async function noting(target: object, git: object | undefined) {
  const jobs: Record<string, unknown>[] = [];
  const commands: Record<string, string>[] = [];
  const made = await TargetInMemory.of(target as never, {
    script: async ({ request }) => {
      jobs.push({ ...request.environment });
      return 0;
    },
  });
  made.host.shell.handle(({ command: { argv, env } }) => {
    if (argv[0] !== '/bin/sh') return undefined;
    commands.push({ ...env });
    return made.writeOutput(env?.['PIKACI_OUTPUT'] ?? '', '/opt/made').then(() => 0);
  });
  const at = (commit: object | undefined) =>
    made.host.scanner.setWorkspace(WORKSPACE, {
      entries: ENTRIES,
      ...(commit === undefined ? {} : { git: commit as never }),
    });
  at(git);
  return { target: made, jobs, commands, at };
}

describe('what a job is told of its run', () => {
  const a = { id: 'a', command: 'x', env: { PIKACI_BRANCH: 'mine' } };

  it('is the commit, the branch, the ids and the attempt, below what the user has set', async () => {
    const git = { head: COMMIT, dirty: true, branch: 'topic' };
    const { target, jobs } = await noting({ jobs: [a, { id: 'b', command: 'x' }], parallel: 1 }, git);
    await target.run();
    const attempts = { PIKACI_RUN_ATTEMPT: '1', PIKACI_JOB_ATTEMPT: '1' };
    const known = { PIKACI_RUN_ID: 'run', ...attempts, PIKACI_COMMIT: COMMIT };
    expect(jobs).toEqual([
      { ...known, PIKACI_JOB_ID: 'a', PIKACI_BRANCH: 'mine' },
      { ...known, PIKACI_JOB_ID: 'b', PIKACI_BRANCH: 'topic' },
    ]);
    expect((await target.record()).attempt).toBe(1);
    await target.run({ runId: 'named', branch: 'said', jobs: ['b'] });
    expect(jobs.at(-1)).toMatchObject({ PIKACI_RUN_ID: 'named', PIKACI_BRANCH: 'said' });
    const again = (await target.pikaci.rerun('named', { runId: 'again' }))._unsafeUnwrap();
    await again.cleanUp;
    expect(jobs.at(-1)).toMatchObject({ PIKACI_RUN_ID: 'again', PIKACI_RUN_ATTEMPT: '2' });
    expect(again.record).toMatchObject({ attempt: 2, rerun_of: 'named' });
  });

  it('is absent, and not empty, where it is not known', async () => {
    const { target, jobs } = await noting({ jobs: [{ id: 'b', command: 'x' }] }, undefined);
    await target.run({ rerunOf: 'somebody-elses' });
    expect(jobs).toEqual([{ PIKACI_RUN_ID: 'run', PIKACI_JOB_ID: 'b', PIKACI_JOB_ATTEMPT: '1' }]);
    expect((await target.record()).attempt).toBeUndefined();
  });

  it('is left out where the variables of the user have all the room', () => {
    const facts = { runId: 'r', jobId: 'j', commit: null, branch: null, attempt: 1, traceparent: null };
    const env = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`V${n}`, 'x'.repeat(131_066)]));
    expect(Object.keys(withRunVariables({ env }, facts).env)).toEqual(Object.keys(env));
    expect(Object.keys(runVariables(facts))).toEqual([
      'PIKACI_RUN_ID',
      'PIKACI_JOB_ID',
      'PIKACI_RUN_ATTEMPT',
    ]);
  });

  it('is told to prepare commands, whose outputs are of one commit only where their text names it', async () => {
    const target = {
      prepare: [
        { id: 'plain', type: 'command', command: 'make', inputs: ['src'] },
        { id: 'named', type: 'command', command: 'make V=$PIKACI_COMMIT', inputs: ['src'] },
      ],
      jobs: [{ id: 'b', command: 'x', dependsOn: ['plain', 'named'] }],
      parallel: 1,
    };
    const noted = await noting(target, { head: COMMIT, dirty: false, branch: 'topic' });
    await noted.target.run();
    expect(noted.commands).toEqual([
      expect.objectContaining({ PIKACI_JOB_ID: 'plain', PIKACI_COMMIT: COMMIT, PIKACI_BRANCH: 'topic' }),
      expect.objectContaining({ PIKACI_JOB_ID: 'named', PIKACI_RUN_ID: 'run', PIKACI_RUN_ATTEMPT: '1' }),
    ]);
    noted.at({ head: 'd'.repeat(40), dirty: false, branch: null });
    await noted.target.run({ runId: 'next' });
    expect(noted.commands.slice(2)).toEqual([
      expect.objectContaining({ PIKACI_JOB_ID: 'named', PIKACI_COMMIT: 'd'.repeat(40) }),
    ]);
    expect(noted.commands[2]).not.toHaveProperty('PIKACI_BRANCH');
  });
});
