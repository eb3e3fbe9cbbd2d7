import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import type { CliTerminal } from '../../../src/adapters/cli/process/cli-input.js';
import { buildProgram } from '../../../src/adapters/cli/program/program.js';
import type { CliContext } from '../../../src/adapters/cli/session/cli-context.js';
import { runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, configWith, folderWith } from './cli-harness.js';
import { moduleThatTells, repository } from './untrusted-author.js';

/** Every command that has a configuration, with what else it needs. */
const SENDS_NOTHING: readonly (readonly string[])[] = [
  ['doctor'],
  ['remote-defaults'],
  ['target-info'],
  ['gc', '--remote'],
  ['gc', '--keep-runs', '1'],
  ['attach', 'r', 'a'],
  ['rerun', 'r'],
  ['resume', 'r'],
  ['shell', 'r', 'a'],
  ['fork', 'r', 'a'],
  ['list'],
  ['tests'],
  ['status', 'r'],
  ['cancel', 'r'],
  ['logs', 'r'],
  ['artifacts', 'r'],
  ['prepared-outputs', 'r'],
  // Refused for want of a token, once it has its state root.
  ['serve', '--port', '0', '--listen', '0.0.0.0'],
  ['machine', 'open'],
  ['machine', 'list'],
  ['machine', 'run', 'm', 'true'],
  ['machine', 'logs', 'm', 's'],
  ['machine', 'cancel', 'm', 's'],
  ['machine', 'cp', 'm:/a', 'a'],
  ['machine', 'shell', 'm'],
  ['machine', 'fork', 'm'],
  ['machine', 'close', 'm'],
  ['github', 'init'],
  ['gitlab', 'init'],
  ['gitlab', 'config'],
  ['gitlab', 'prepare'],
  ['gitlab', 'run', 's', 'build_script'],
  ['gitlab', 'cleanup'],
  ['template', 'list'],
  ['template', 'rm', 't'],
  ['template', 'shell', 't'],
  ['template', 'export', 't', 'f'],
  ['template', 'import', 'f'],
  ['pool', 'status'],
  ['pool', 'fill'],
  ['pool', 'drain'],
  ['recover'],
  ['cache', 'list'],
  ['cache', 'rm', 'c'],
];
const SENDS: readonly (readonly string[])[] = [
  ['run', '--workspace', '.'],
  ['exec', 'true'],
  ['machine', 'open', '--workspace', '.'],
  ['template', 'build', '--workspace', '.'],
];

const OF_COMMIT: ReadonlySet<string | undefined> = new Set(['doctor', 'rerun', 'resume', 'list', 'status']);

/** What a GitLab Runner says to its driver. */
const GITLAB = {
  BUILD_FAILURE_EXIT_CODE: '1',
  SYSTEM_FAILURE_EXIT_CODE: '2',
  PIKACI_GITLAB_MACHINE: 'm',
};

const TERMINAL: CliTerminal = {
  size: () => ({ columns: 80, rows: 24 }),
  read: () => ({ stop: () => {} }),
  onResize: () => () => {},
};

const TRUST_BY = {
  'the option': { args: ['--trust', 'untrusted'], env: {}, said: {} },
  'the environment': { args: [], env: { PIKACI_TRUST: 'untrusted' }, said: {} },
  'the configuration': { args: [], env: {}, said: { trust: 'untrusted' } },
} as const;
const PLACES = ['the current folder', 'the work tree around it', 'a commit', 'elsewhere'] as const;
type Place = (typeof PLACES)[number];
type TrustBy = keyof typeof TRUST_BY;

/** What a configuration in that place does, when it is not trusted by that. */
function wanted(sends: boolean, place: Place, trustBy: TrustBy): 'refused' | 'used' | 'refused unread' {
  if (place === 'a commit' || place === 'elsewhere') return 'used';
  if (trustBy !== 'the configuration') return 'refused unread';
  return sends ? 'refused' : 'used';
}

/** A checkout with a configuration in that place, for commands that are given in it. */
async function checkout(place: Place, trustBy: TrustBy) {
  const { args, env, said } = TRUST_BY[trustBy];
  const { code, proof } = moduleThatTells({ ...JSON.parse(configWith(['a'])), ...said });
  const inFolder = place === 'the current folder' || place === 'a commit';
  const top = await repository({ [inFolder ? 'app/pikaci.config.ts' : 'ci/x.ts']: code, 'app/a': '' });
  const at = {
    'the current folder': [],
    'the work tree around it': ['--config', '../ci/x.ts'],
    'a commit': ['--config-from', 'main'],
    elsewhere: ['--config', join(folderWith({ 'x.ts': code }), 'x.ts')],
  }[place];
  const options = [...args, ...at];
  return async (command: readonly string[]): Promise<string> => {
    const cli = new Cli({ cwd: join(top, 'app'), env: { ...GITLAB, ...env }, shellTerminal: TERMINAL });
    // What stands behind `exec`, or the machine of `machine run`, is that command's own.
    const at = command[0] === 'exec' ? 1 : command[1] === 'run' ? 2 : command.length;
    const words = command.toSpliced(at, 0, ...options);
    const exit = await cli.run(...words);
    const isRefused = exit === 2 && cli.stderr.text.includes('whose author is not trusted');
    const wasRead = existsSync(proof);
    rmSync(proof, { force: true });
    if (isRefused) return wasRead ? 'refused' : 'refused unread';
    return wasRead ? 'used' : cli.stderr.text;
  };
}

const cases = PLACES.flatMap((place) =>
  (Object.keys(TRUST_BY) as TrustBy[]).map((trustBy) => ({ place, trustBy })),
);

describe.each(cases)('a configuration in $place, untrusted by $trustBy', ({ place, trustBy }) => {
  test(`is ${wanted(false, place, trustBy)} by every command that sends no workspace`, async () => {
    // The files of a commit are read for each; two of each kind are enough.
    const commands =
      place === 'a commit' ? SENDS_NOTHING.filter(([name]) => OF_COMMIT.has(name)) : SENDS_NOTHING;
    const done: Record<string, string> = {};
    const give = await checkout(place, trustBy);
    for (const command of commands) done[command.join(' ')] = await give(command);
    const all = commands.map((command) => [command.join(' '), wanted(false, place, trustBy)]);
    expect(done).toEqual(Object.fromEntries(all));
  });

  test(`is ${wanted(true, place, trustBy)} by those that send one`, async () => {
    const give = await checkout(place, trustBy);
    for (const command of SENDS) expect(await give(command)).toBe(wanted(true, place, trustBy));
  });
});

const UNTRUSTED = ['--trust', 'untrusted'];
const UNTRUSTED_CONFIG = { ...JSON.parse(configWith(['a'])), trust: 'untrusted' };

describe('rerun, which sends the folder that was recorded', () => {
  const site = async (sourceRoot: string) => {
    const state = folderWith({});
    await writeRun(state, runRecord({ run_id: 'r', source_root: sourceRoot }));
    const cli = new Cli({ cwd: folderWith({}) });
    return { cli, args: ['rerun', 'r', '--state-root', state] };
  };

  test.each([
    ['the option', UNTRUSTED, {}],
    ['the configuration', [], { trust: 'untrusted' }],
  ])('refuses a configuration in it, untrusted by %s', async (_, trust, said) => {
    const text = JSON.stringify({ ...JSON.parse(configWith(['a'])), ...said });
    const sourceRoot = await repository({ 'x.json': text, 'app/a': '' });
    const { cli, args } = await site(join(sourceRoot, 'app'));
    expect(await cli.run(...args, ...trust, '--config', join(sourceRoot, 'x.json'))).toBe(2);
    expect(cli.stderr.text).toContain(`lies in the work tree of the workspace (${sourceRoot})`);
    expect(cli.created).toEqual([]);
  });

  test('refuses one that has become a link', async () => {
    const checkout = await repository({ a: '' });
    symlinkSync('/etc', join(checkout, 'app'));
    const { cli, args } = await site(join(checkout, 'app'));
    const elsewhere = join(folderWith({ 'x.json': configWith(['a']) }), 'x.json');
    expect(await cli.run(...args, ...UNTRUSTED, '--config', elsewhere)).toBe(2);
    expect(cli.stderr.text).toContain('is a link');
    expect(cli.created).toEqual([]);
  });
});

describe('files that the configuration of a command names that sends nothing', () => {
  const host = { ssh: 'ci@host', knownHostsFile: 'known' };

  test('are refused in the folder of a commit, and where the command is given', async () => {
    const text = JSON.stringify({ ...UNTRUSTED_CONFIG, host });
    const cwd = await repository({ 'pikaci.config.json': text, known: 'host ssh-ed25519 AAAA' });
    const fromCommit = new Cli({ cwd });
    expect(await fromCommit.run('doctor', '--config-from', 'main')).toBe(2);
    const named = { ...host, knownHostsFile: join(cwd, 'known') };
    const elsewhere = join(
      folderWith({ 'x.json': JSON.stringify({ ...UNTRUSTED_CONFIG, host: named }) }),
      'x.json',
    );
    const given = new Cli({ cwd });
    expect(await given.run('doctor', ...UNTRUSTED, '--config', elsewhere)).toBe(2);
    for (const { stderr } of [fromCommit, given])
      expect(stderr.text).toContain(`host.knownHostsFile: ${cwd}/known lies in the current folder`);
  });

  test('are its own beside it, and anywhere for a command given in the root directory', async () => {
    const folder = folderWith({ known: '', 'x.json': JSON.stringify({ ...UNTRUSTED_CONFIG, host }) });
    for (const [cwd, ...trust] of [[folder], ['/'], ['/', ...UNTRUSTED]]) {
      const cli = new Cli({ cwd: cwd ?? '' });
      const args = ['list', '--config', join(folder, 'x.json'), ...trust];
      expect([await cli.run(...args), cli.stderr.text]).toEqual([0, expect.stringContaining(folder)]);
    }
  });
});

test('the words for a target are those that the command itself would find', async () => {
  const elsewhere = join(folderWith({ 'x.json': configWith(['a']) }), 'x.json');
  const words = async (...line: string[]) => {
    const cli = new Cli({ cwd: await repository({ a: '' }) });
    await cli.run('complete', '--', ...line, '');
    return cli.stdout.text;
  };
  const options = [...UNTRUSTED, '--config', elsewhere];
  expect(await words('target-info', ...options)).toContain('t');
  expect(await words('run', ...options, '--workspace', '.')).toContain('t');
  expect(await words('run', ...options)).toBe('');
});

test('every command with a configuration is in the table', () => {
  const withTrust = (command: Command, path: readonly string[]): string[] => [
    ...(command.options.some(({ long }) => long === '--trust') ? [path.join(' ')] : []),
    ...command.commands.flatMap((sub) => withTrust(sub, [...path, sub.name()])),
  ];
  const output = { write: () => {} };
  const program = buildProgram({ stdout: output, stderr: output } as unknown as CliContext, () => {});
  const inTable = [...SENDS_NOTHING, ...SENDS].map(([first = '', second = '']) =>
    ['machine', 'template', 'cache', 'pool', 'github', 'gitlab'].includes(first)
      ? `${first} ${second}`
      : first,
  );
  expect(withTrust(program, []).sort()).toEqual([...new Set(inTable)].sort());
});
