import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { SOURCES } from '../../../src/adapters/cli/completion/candidates.js';
import { buildProgram } from '../../../src/adapters/cli/program/program.js';
import type { CliContext } from '../../../src/adapters/cli/session/cli-context.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { memoryRun } from '../application/memory-run.js';
import { Cli, folderWith } from './cli-harness.js';

/** Numbers, sizes, new names, and what only the host or a guest knows. */
const FREE = [
  ...[
    '--run-id',
    '--parallel',
    '--keep-on-failure',
    '--keep-runs',
    '--keep-days',
    '--keep-bytes',
    '--limit',
    '--runs',
    '--attempt',
    '<text>',
    '<stage>',
    '<cache>',
  ],
  ...[
    '--listen',
    '--port',
    '--id',
    '--image',
    '--env',
    '--lease',
    '--cpus',
    '--memory',
    '--disk',
    '--shell',
    '--user',
  ],
  ...['--cwd', '--timeout', '--command'],
];

const CONFIG = JSON.stringify({
  host: 'local',
  targets: {
    test: {
      description: 'All tests',
      jobs: [
        { id: 'unit', command: 'true' },
        { id: 'lint', command: 'true', matrix: { v: ['a', 'b'] } },
      ],
    },
    docs: { jobs: [{ id: 'site', command: 'true' }] },
  },
});

/** A folder with a configuration and two recorded runs. */
async function folder(): Promise<string> {
  const path = folderWith({ 'pikaci.config.json': CONFIG });
  const state = join(path, '.pikaci');
  await writeRun(
    state,
    runRecord({ jobs: [runJobRecord('unit'), runJobRecord('e2e', { status: 'failed' })] }),
  );
  const older = {
    run_id: '20261122-080000-000001',
    created_at: '2026-11-22T08:00:00.000Z',
    git_branch: 'old',
  };
  await writeRun(state, runRecord({ ...older, status: 'failed' }));
  return path;
}

async function printed(cwd: string, ...argv: readonly string[]): Promise<string[]> {
  const cli = new Cli({ cwd });
  expect(await cli.run('complete', ...argv)).toBe(0);
  expect(cli.stderr.text).toBe('');
  return cli.stdout.text.split('\n').slice(0, -1);
}

/** The words, and what the shell is asked to do. */
async function completed(cwd: string, ...words: readonly string[]): Promise<string[]> {
  const lines = await printed(cwd, '--', ...words);
  return lines.map((line) => {
    const [kind, value = ''] = line.split('\t');
    return kind === '@' ? `@${value}` : value;
  });
}

describe('pikaci complete', () => {
  it.each([
    [
      ['attach', ''],
      [RUN_ID, '20261122-080000-000001'],
    ],
    [['status', '20261122'], ['20261122-080000-000001']],
    [
      ['attach', RUN_ID, ''],
      ['unit', 'e2e'],
    ],
    [['logs', RUN_ID, '--job', 'u'], ['unit']],
    [['logs', '--job=', RUN_ID, '--job=e'], ['--job=e2e']],
    [
      ['list', '--branch', ''],
      ['main', 'old'],
    ],
    [
      ['run', ''],
      ['test', 'docs'],
    ],
    [
      ['run', '--job', 'x', 'test', '--job', ''],
      ['unit', 'lint', 'lint-a', 'lint-b'],
    ],
    [
      ['run', '--fail-fast', '--output', ''],
      ['human', 'json', 'jsonl'],
    ],
    [
      ['run', '--output=js'],
      ['--output=json', '--output=jsonl'],
    ],
    [
      ['run', '--on-interrupt', 'd'],
      ['detach', 'destroy'],
    ],
    // One that may have a value has the next word, unless that is an option.
    [['run', '--keep-on-failure', '--out'], ['--output']],
    [['run', '--output', 'json', '--out'], []],
    [['run', '--config', ''], ['@files']],
    [['run', '--state-root='], ['@directories']],
    [['run', '--changed-since', ''], ['@revisions']],
    [['run', '--parallel', ''], []],
    [['logs', '-f', 'x', '--kind', 'g'], ['guest']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['compl'], ['completion']],
    [
      ['machine', 'c'],
      ['cancel', 'cp', 'close'],
    ],
    [
      ['template', ''],
      ['build', 'list', 'rm', 'export', 'import', 'shell', 'help'],
    ],
    [
      ['cache', ''],
      ['list', 'rm', 'help'],
    ],
    [['machine', 'run', 'm1', ''], ['@commands']],
    [['machine', 'run', 'm1', 'make', '--host'], ['@files']],
    [['nonsense', ''], []],
    [['attach', 'no-such-run', ''], []],
  ])('%j', async (words, expected) => {
    expect(await completed(await folder(), ...words)).toEqual(expected);
  });

  it('says what each is', async () => {
    expect(await printed(await folder(), '--', 'status', '')).toEqual([
      `=\t${RUN_ID}\tpassed t 2026-11-23T16:45:01.250Z`,
      '=\t20261122-080000-000001\tfailed t 2026-11-22T08:00:00.000Z',
    ]);
  });

  it('knows machines and their steps', async () => {
    const run = await memoryRun({ script: async () => 0 });
    for (const id of ['m1', 'm2', 'm3']) {
      const machine = must(await run.pikaci.openMachine({ id }));
      if (id === 'm1') must(await machine.run({ id: 'build', command: 'x' }));
      must(await (id === 'm3' ? machine.release() : machine.leave()));
    }
    // The state in memory, put where the command reads.
    const cwd = folderWith({});
    for (const file of [
      'm1/machine.json',
      'm2/machine.json',
      'm3/machine.json',
      'm1/steps/build/step.json',
    ]) {
      const there = join(cwd, '.pikaci/machines', file);
      await mkdir(join(there, '..'), { recursive: true });
      await writeFile(there, must(await run.host.localFiles.readFile(`/state/machines/${file}`)));
    }
    expect((await completed(cwd, 'machine', 'close', '')).sort()).toEqual(['m1', 'm2']);
    expect((await completed(cwd, 'machine', 'logs', '')).sort()).toEqual(['m1', 'm2', 'm3']);
    expect(await completed(cwd, 'machine', 'logs', 'm1', '')).toEqual(['build']);
    expect(await completed(cwd, 'machine', 'cp', 'm1')).toEqual(['m1:', '@files', '@open']);
    const elsewhere = folderWith({});
    const root = join(cwd, '.pikaci');
    expect(await completed(elsewhere, 'machine', 'shell', '--state-root', root, 'm1')).toEqual(['m1']);
  });

  it('knows the hosts of the SSH configuration', async () => {
    const home = folderWith({
      '.ssh/config': 'Host box build.example\n  User ci\nHost *\n  Port 22\nhost=other\n',
    });
    const cli = new Cli({ homeDir: home });
    expect(await cli.run('complete', '--', 'run', '--host', '')).toBe(0);
    expect(cli.stdout.text.match(/^=\t\S+/gm)).toEqual([
      '=\tlocal',
      '=\tbox',
      '=\tbuild.example',
      '=\tother',
    ]);
  });

  it.each([
    ['pikaci run --output=js', ['json', 'jsonl']],
    ['pikaci run --output js', ['json', 'jsonl']],
    ["pikaci  run 'te", ['test']],
    ['pikaci run \\te', ['test']],
    ['pikaci ru', ['run']],
    ['pikaci run --config "a b" ', ['test', 'docs']],
  ])('gives bash what it does not have yet of %j', async (line, expected) => {
    const lines = await printed(await folder(), `--line=${line}`, '--breaks= \t\n"\'><=;|&(:');
    // The configuration that the last one names is not there.
    const words = lines.map((one) => one.split('\t')[1]);
    expect(words).toEqual(line.includes('a b') ? [] : expected);
  });

  it.each(['bash', 'zsh', 'fish'])('is what the script for %s asks', async (shell) => {
    const cli = new Cli({ files: {} });
    expect(await cli.run('completion', shell)).toBe(0);
    expect(cli.stdout.text).toMatch(/ complete -/);
    // The shell reads it as a whole, and finds nothing wrong.
    const script = join(folderWith({ script: cli.stdout.text }), 'script');
    expect(execFileSync(shell, ['-n', script]).toString()).toBe('');
  });

  it('knows every command and every option', async () => {
    const cwd = folderWith({});
    const program = buildProgram({} as CliContext, () => {});
    const visit = async (command: Command, path: readonly string[]): Promise<void> => {
      if (command.name() === 'complete') return;
      const options = command.options.map(({ long }) => long);
      expect(await completed(cwd, ...path, '--')).toEqual(expect.arrayContaining([...options, '--help']));
      const inner = command.commands.filter((one) => one.name() !== 'complete');
      if (inner.length === 0) return;
      const names = inner.map((one) => one.name());
      expect(await completed(cwd, ...path, '')).toEqual([...names, 'help']);
      for (const one of inner) await visit(one, [...path, one.name()]);
    };
    await visit(program, []);
  });

  it('is silent about a configuration that cannot be read, and has what needs none', async () => {
    const cwd = folderWith({ 'pikaci.config.json': '{' });
    expect(await completed(cwd, 'run', '')).toEqual([]);
    expect(await completed(cwd, 'run', '--fail')).toEqual(['--fail-fast']);
  });

  it('gives up on a configuration that never settles', async () => {
    const cwd = folderWith({
      'pikaci.config.mjs': 'setInterval(() => {}, 1 << 30).unref(); await new Promise(() => {});',
    });
    const cli = new Cli({ cwd });
    const exit = cli.run('complete', '--', 'run', '');
    await cli.clock.asleepFor(5000);
    cli.clock.advance(5000);
    expect(await exit).toBe(0);
    expect(cli.stdout.text).toBe('');
  });

  it('has something to offer for every value that is not free text or a number', () => {
    // Commands are only described here, and none is carried out.
    const program = buildProgram({} as CliContext, () => {});
    const known = new Set([...Object.keys(SOURCES), ...FREE]);
    const visit = (command: Command): string[] => {
      if (command.name() === 'complete') return [];
      const options = command.options.filter(({ required, optional }) => required || optional);
      const values = [
        ...options.map((option) => ({ name: option.long ?? '', choices: option.argChoices })),
        ...command.registeredArguments.map((one) => ({ name: `<${one.name()}>`, choices: one.argChoices })),
      ];
      const missing = values.filter(({ name, choices }) => choices === undefined && !known.has(name));
      return [
        ...missing.map(({ name }) => `${command.name()} ${name}`),
        ...command.commands.flatMap((inner) => visit(inner)),
      ];
    };
    expect(visit(program)).toEqual([]);
  });
});
