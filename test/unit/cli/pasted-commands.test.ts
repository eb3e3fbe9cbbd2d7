import { join } from 'node:path';
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { pasteable } from '../../../src/adapters/cli/output/pasteable.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, type CliOptions, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const GIVEN = ['--config', 'my ci.json', '--state-root', 'kept'];
const WHERE = " --config 'my ci.json' --state-root kept";
const files = { 'my ci.json': configWith(['a', 'b']) };
/** Wide enough for every line. */
const terminal = { columns: 200, rows: 50 };

describe('a command that a message of the library names', () => {
  it.each([
    ['"pikaci attach r a" resumes it', `"pikaci attach r a${WHERE}" resumes it`],
    [
      '"pikaci rerun r", or "pikaci gc --remote" later',
      `"pikaci rerun r${WHERE}", or "pikaci gc --remote${WHERE}" later`,
    ],
    ['"pikaci machine logs m s --follow" shows it', `"pikaci machine logs m s --follow${WHERE}" shows it`],
    [`"pikaci attach r a${WHERE}" has them`, `"pikaci attach r a${WHERE}" has them`],
    ['"pikaci init" has no such options', '"pikaci init" has no such options'],
    ['pikaci run, in no quotes', 'pikaci run, in no quotes'],
  ])('has the options as well: %s', (message, expected) => {
    expect(pasteable(message, WHERE)).toBe(expected);
    expect(pasteable(message, '')).toBe(message);
  });

  it('stays as it is where the options could not be told from its end', () => {
    const message = '"pikaci rerun r" runs it again';
    expect(pasteable(message, ` --config 'a"b'`)).toBe(message);
  });
});

const script: JobScript = async (job) => {
  if (job.jobId === 'b')
    return job.fault({ kind: 'host', message: 'it is lost; "pikaci attach r b" resumes it' });
  job.emit({ type: 'warning', message: 'it stays; "pikaci gc --remote" removes it' });
  const cleanUp = err({ kind: 'incus', phase: 'clean_up', host: 'h', message: 'no' } as const);
  return job.end({ status: 'failed', message: 'ask "pikaci doctor"' }, Promise.resolve(cleanUp));
};

const VIEWS: Readonly<Record<string, { readonly options: CliOptions; readonly argv: readonly string[] }>> = {
  'plain lines': { options: {}, argv: [] },
  'the live tree': { options: { terminal }, argv: [] },
  jsonl: { options: {}, argv: ['--output', 'jsonl'] },
  json: { options: {}, argv: ['--output', 'json'] },
};

describe.each(Object.entries(VIEWS))('what a run says in %s', (name, { options, argv }) => {
  const said = async (...given: string[]) => {
    const cli = new Cli({
      ...options,
      files: { ...files, 'pikaci.config.json': configWith(['a', 'b']) },
      script,
    });
    expect(await cli.run('run', ...given, ...argv)).toBe(3);
    return cli;
  };
  const isHuman = name !== 'json' && name !== 'jsonl';

  it('names commands with the options that were given', async () => {
    const cli = await said(...GIVEN);
    const { text } = cli.stderr;
    expect(text).toContain(`"pikaci attach r b${WHERE}" resumes it`);
    expect(text).toContain(`"pikaci gc --remote${WHERE}" removes it after the lease expires`);
    if (isHuman) {
      expect(text).toContain(`it stays; "pikaci gc --remote${WHERE}" removes it`);
      expect(text).toContain(`ask "pikaci doctor${WHERE}"`);
    }
    // Programs get the library's own words.
    if (!isHuman) expect(cli.stdout.text).not.toContain('my ci.json');
  });

  it('names them as they are where none was given', async () => {
    const { text } = (await said()).stderr;
    expect(text).toContain('"pikaci attach r b" resumes it');
    expect(text).toContain('"pikaci gc --remote" removes it after the lease expires');
  });
});

describe('what other commands say', () => {
  it('a fault, whatever the command', async () => {
    const cli = new Cli({ files });
    const message = 'the machine is gone; "pikaci machine close m1" forgets it';
    const { pikaci } = cli;
    pikaci.machines = {
      openMachine: () => pikaci.openMachine(),
      listMachines: () => pikaci.listMachines(),
      attachMachine: async () => err({ kind: 'no_such_machine', host: 'h', message }),
    };
    expect(await cli.run('machine', 'run', ...GIVEN, '--host', 'x@y', 'm1', 'true')).toBe(125);
    expect(cli.stderr.text).toContain(
      `"pikaci machine close m1 --config 'my ci.json' --host x@y --state-root kept" forgets it`,
    );
  });

  it('status and logs, of a run whose runner has ended', async () => {
    const cli = new Cli({ files: {} });
    const message = `its runner has ended; "pikaci attach ${RUN_ID} a" resumes it`;
    const jobs = [runJobRecord('a', { status: 'interrupted', message, exit_code: null })];
    await writeRun(join(cli.folder, 'kept'), runRecord({ status: 'interrupted', jobs }));
    const wanted = `"pikaci attach ${RUN_ID} a --state-root kept" resumes it`;
    expect(await cli.run('status', RUN_ID, '--state-root', 'kept')).toBe(0);
    expect(cli.stdout.text).toContain(wanted);
    const logs = new Cli({ cwd: cli.folder });
    expect(await logs.run('logs', RUN_ID, '--follow', '--state-root', 'kept')).toBe(3);
    expect(logs.stderr.text).toContain(wanted);
  });

  it('doctor, of its own commands and of no others', async () => {
    const cli = new Cli({ files });
    const check = { status: 'failed', detail: 'd' } as const;
    cli.pikaci.doctorReport = {
      host: 'h',
      ok: false,
      checks: [
        { ...check, name: 'mounts', remedy: 'pikaci doctor' },
        { ...check, name: 'image', remedy: 'incus image list' },
      ],
    };
    expect(await cli.run('doctor', ...GIVEN)).toBe(3);
    expect(cli.stdout.text).toContain(`→ pikaci doctor${WHERE}\n`);
    expect(cli.stdout.text).toContain('→ incus image list\n');
  });
});
