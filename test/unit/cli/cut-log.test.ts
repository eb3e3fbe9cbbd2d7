import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wireEventSchema } from '../../../src/domain/events/event.js';
import { machineStateLayout, stepStateLayout } from '../../../src/domain/records/machine-layout.js';
import type { StepRecord } from '../../../src/domain/records/machine-record.js';
import { jobRecord } from '../../support/job-record.js';
import { stepRecord, writeSteps } from '../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, type CliOptions, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const EURO = Buffer.from('€');
const CUT = { log_bytes: 26_000_000, kept_log_bytes: 2048, log_cut: true };

/** A log that ends in the middle of a line, and of a character, as 0.1 may have cut it. */
const script: JobScript = async (job) => {
  job.log('whole\nhal');
  job.log(EURO.subarray(0, 2));
  job.emit({ type: 'log_cut', kept_bytes: 2048, max_bytes: 2050 });
  return job.end(CUT);
};

const NOTICE = '[a] the log is cut here: 2.0 KiB are kept (maxLogBytes), and nothing of what comes';
const SUMMARY = /log {8}\S+guest\.log \(cut at 2\.0 KiB of 24\.8 MiB, maxLogBytes\)/;

describe('a run whose log was cut at its cap', () => {
  it('says so where it was cut, and in the summary, and adds nothing to the log', async () => {
    const cli = new Cli({ script });
    expect(await cli.run('run')).toBe(0);
    expect(cli.stderr.text).toContain(`${NOTICE}\n`);
    expect(cli.stderr.text).toMatch(SUMMARY);
    expect(cli.stdout.bytes).toEqual(Buffer.concat([Buffer.from('whole\nhal'), EURO.subarray(0, 2)]));
  });

  it.each([['plain'], ['live']])('says so below the last line on a terminal (%s)', async (view) => {
    const env: Record<string, string> = view === 'plain' ? { CI: '1', NO_COLOR: '1' } : {};
    const cli = new Cli({
      files: { 'pikaci.config.json': configWith(['a', 'b']) },
      terminal: { columns: 120, rows: 30 },
      env,
      script: async (job, input) => (job.jobId === 'a' ? script(job, input) : job.end({})),
    });
    expect(await cli.run('run')).toBe(0);
    const screen = await cli.terminal.everything();
    const at = screen.indexOf('[a] whole');
    expect(screen.slice(at, at + 3)).toEqual(['[a] whole', '[a] hal\ufffd', NOTICE]);
  });

  it('is an event behind the last of its log in jsonl, and stands in the outcome in json', async () => {
    const cli = new Cli({ script });
    expect(await cli.run('run', '--output', 'jsonl')).toBe(0);
    const told = cli.events.filter(({ type }) => type === 'log' || type === 'log_cut');
    for (const event of told) wireEventSchema.parse(event);
    expect(told.map(({ type, text = '' }) => `${type} ${text}`)).toEqual([
      'log whole\nhal',
      'log \ufffd',
      'log_cut ',
    ]);
    expect(told.at(-1)).toMatchObject({ job_id: 'a', kept_bytes: 2048, max_bytes: 2050 });
    const json = new Cli({ script });
    expect(await json.run('run', '--output', 'json')).toBe(0);
    expect(JSON.parse(json.stdout.text).jobs[0].outcome).toMatchObject(CUT);
  });
});

const LOG = 'built\nhalf a li';
const KEPT = { log_bytes: 900, kept_log_bytes: LOG.length };
const SAID = `pikaci: the log is cut here: of the 900 bytes that job unit wrote, ${LOG.length} are kept (maxLogBytes)\n`;

async function recorded(options: CliOptions = {}, more: object = { log_cut: true }, running = false) {
  const cli = new Cli({ files: {}, ...options });
  const jobs = [runJobRecord('unit'), runJobRecord('other')];
  const run = runRecord(running ? { status: 'running', finished_at: null, jobs } : { jobs });
  const runDir = await writeRun(join(cli.folder, '.pikaci'), run);
  await writeFile(join(runDir, 'jobs/unit/guest.log'), LOG);
  const record = jobRecord({}, []);
  const outcome = { ...record.outcome, ...KEPT, ...more };
  await writeFile(join(runDir, 'jobs/unit/job.json'), JSON.stringify({ ...record, outcome }));
  return { cli, runDir };
}

it('machine logs says so of a step, behind its bytes', async () => {
  const cli = new Cli({ files: {} });
  const layout = stepStateLayout(machineStateLayout(join(cli.folder, '.pikaci'), 'm1'), 's');
  await mkdir(layout.stepDir, { recursive: true });
  await writeFile(layout.guestLog, LOG);
  const ended = { status: 'passed', cause: 'exit', exit_code: 0, message: '', finished_at: '' } as const;
  const step = { machine_id: 'm1', step_id: 's', started_at: '', spec: {}, secret_names: [] };
  const write = (log_cut: boolean) => {
    const record: StepRecord = { schema_version: 1, ...step, outcome: { ...ended, ...KEPT, log_cut } };
    return writeFile(layout.stepRecord, JSON.stringify(record));
  };
  await write(true);
  expect(await cli.run('machine', 'logs', 'm1', 's')).toBe(0);
  const said = SAID.replace('job unit', 'the step s');
  expect([cli.stdout.text, cli.stderr.text]).toEqual([LOG, said]);
  await write(false);
  const whole = new Cli({ cwd: cli.folder });
  expect(await whole.run('machine', 'logs', 'm1', 's')).toBe(0);
  expect([whole.stdout.text, whole.stderr.text]).toEqual([LOG, '']);
});

describe('logs of a job whose log was cut', () => {
  it.each([[[]], [['--follow']]])('says so with %j, and prints the bytes as they are', async (flags) => {
    const { cli } = await recorded();
    expect(await cli.run('logs', RUN_ID, '--job', 'unit', ...flags)).toBe(0);
    expect([cli.stdout.text, cli.stderr.text]).toEqual([LOG, SAID]);
  });

  it('says so below that log of several, on a terminal', async () => {
    const { cli } = await recorded({ terminal: { columns: 120, rows: 10 } });
    expect(await cli.run('logs', RUN_ID)).toBe(0);
    expect(await cli.terminal.screen()).toEqual([
      '[unit] built',
      '[unit] half a li',
      SAID.trimEnd(),
      '[other] guest of other',
    ]);
    const one = new Cli({ cwd: cli.folder, terminal: { columns: 120, rows: 10 } });
    expect(await one.run('logs', RUN_ID, '--job', 'unit')).toBe(0);
    expect(await one.terminal.screen()).toEqual(['built', 'half a li', SAID.trimEnd()]);
  });

  it('says nothing of what pikaci and the host did, of a log that is shorter for its masks, or of another job', async () => {
    const { cli } = await recorded();
    expect(await cli.run('logs', RUN_ID, '--kind', 'host')).toBe(0);
    expect(cli.stderr.text).toBe('');
    const masked = await recorded({}, { log_cut: false });
    expect(await masked.cli.run('logs', RUN_ID)).toBe(0);
    expect(masked.cli.stderr.text).toBe('');
  });

  it('takes an outcome of before 0.2 by its sizes', async () => {
    const { cli } = await recorded({}, {});
    expect(await cli.run('logs', RUN_ID, '--job', 'unit')).toBe(0);
    expect(cli.stderr.text).toBe(SAID);
  });

  it('says so below the step that was cut, and not below one before', async () => {
    const { cli, runDir } = await recorded();
    await writeSteps(runDir, 'unit', [
      stepRecord('build', { log_start: 0, log_end: 6 }),
      stepRecord('test', { log_start: 6, log_end: LOG.length }),
    ]);
    expect(await cli.run('logs', RUN_ID, '--job', 'unit', '--step', 'build')).toBe(0);
    expect(cli.stderr.text).toBe('');
    const cut = new Cli({ cwd: cli.folder });
    expect(await cut.run('logs', RUN_ID, '--job', 'unit', '--step', 'test')).toBe(0);
    expect([cut.stdout.text, cut.stderr.text]).toEqual(['half a li', SAID]);
  });
});

describe('logs --follow of a job that goes on', () => {
  const RUNNING = { status: 'running', finished_at: null } as const;
  const unit = runJobRecord('unit', { status: 'running', finished_at: null, exit_code: null });
  const NOW = `pikaci: the log is cut here: of what job unit writes, the first ${LOG.length} bytes are kept (maxLogBytes)`;

  async function following(options: CliOptions, jobs = [unit]) {
    const cli = new Cli({ files: {}, ...options });
    const runDir = await writeRun(join(cli.folder, '.pikaci'), runRecord({ ...RUNNING, jobs }));
    await writeFile(join(runDir, 'jobs/unit/guest.log'), 'built\n');
    const exit = cli.run('logs', RUN_ID, '--follow');
    await cli.clock.asleepFor(250);
    const cut = async () => {
      await writeFile(join(runDir, 'jobs/unit/guest.log'), LOG);
      const position = { schema_version: 1, guest_bytes: 700, kept_bytes: LOG.length, cut: true };
      await writeFile(join(runDir, 'jobs/unit/guest.log.position.json'), JSON.stringify(position));
      cli.clock.advance(250);
      await cli.clock.asleepFor(250);
    };
    const end = async () => {
      const record = jobRecord({}, []);
      const outcome = { ...record.outcome, ...KEPT, log_cut: true };
      await writeFile(join(runDir, 'jobs/unit/job.json'), JSON.stringify({ ...record, outcome }));
      await writeFile(join(runDir, 'run.json'), JSON.stringify(runRecord({ jobs: [runJobRecord('unit')] })));
      cli.clock.advance(250);
      return exit;
    };
    return { cli, cut, end };
  }

  it('says where it was cut as soon as it is, and not once more at the end', async () => {
    const { cli, cut, end } = await following({});
    expect(cli.stderr.text).toBe('');
    await cut();
    expect([cli.stdout.text, cli.stderr.text]).toEqual([LOG, `${NOW}\n`]);
    expect(await end()).toBe(0);
    expect([cli.stdout.text, cli.stderr.text]).toEqual([LOG, `${NOW}\n`]);
  });

  it('says so at the end of one that was cut since it was looked at last', async () => {
    const { cli, end } = await following({});
    expect(await end()).toBe(0);
    expect(cli.stderr.text).toBe(SAID);
  });

  it('says so below its lines, above the tree', async () => {
    const other = runJobRecord('other', { status: 'running', finished_at: null, exit_code: null });
    const { cli, cut, end } = await following({ terminal: { columns: 120, rows: 12 } }, [unit, other]);
    await cut();
    cli.clock.advance(100);
    await cli.clock.asleepFor(100);
    const LINES = ['[unit] built', '[other] guest of other', '[unit] half a li', NOW];
    expect((await cli.terminal.screen()).slice(0, 4)).toEqual(LINES);
    expect(await end()).toBe(0);
    expect(await cli.terminal.screen()).toEqual(LINES);
  });

  it('is said of a job that runs without --follow as well', async () => {
    const { cli, cut, end } = await following({});
    await cut();
    const once = new Cli({ cwd: cli.folder });
    expect(await once.run('logs', RUN_ID)).toBe(0);
    expect([once.stdout.text, once.stderr.text]).toEqual([LOG, `${NOW}\n`]);
    expect(await end()).toBe(0);
  });
});
