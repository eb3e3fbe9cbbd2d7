import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { git } from '../../support/git-repository.js';
import { Cli, configWith, folderWith } from './cli-harness.js';
import { moduleThatTells, repository } from './untrusted-author.js';

const change = (folder: string, name: string, text: string) => writeFileSync(join(folder, name), text);

describe('--config-from', () => {
  test('takes the configuration of a commit, and the workspace as it is', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['trusted']) });
    change(cwd, 'pikaci.config.json', configWith(['forged']));
    const cli = new Cli({ cwd });
    expect(await cli.run('run', '--config-from', 'main')).toBe(0);
    expect(cli.pikaci.targetInputs[0]).toMatchObject({ workspace: cwd });
    expect(cli.pikaci.targets['t']?.jobs[0]?.id).toBe('trusted');
    expect(readdirSync(join(cwd, '.scratch'))).toEqual([]);
  });

  test('takes one that the workspace has removed, in a folder of the repository, by its name', async () => {
    const top = await repository({ 'ci/own.json': configWith(['trusted']) });
    const cwd = join(top, 'ci');
    await git(top, 'mv', 'ci/own.json', 'ci/gone.json');
    const cli = new Cli({ cwd });
    expect(await cli.run('run', '--config-from', 'HEAD', '--config', 'own.json')).toBe(0);
    expect(cli.pikaci.targets['t']?.jobs[0]?.id).toBe('trusted');
  });

  test('runs the modules of the commit and none of the workspace', async () => {
    const cwd = await repository({
      'pikaci.config.ts':
        "import { job } from './ci/job.ts';\nexport default { host: 'local', targets: { t: { jobs: [job] } } };",
      'ci/job.ts': "export const job = { id: 'trusted', command: 'true' };",
      '.gitattributes': '*.ts text eol=lf\n',
    });
    const proof = join(cwd, 'forged-ran');
    const forged = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(proof)}, '');\n`;
    change(cwd, 'ci/job.ts', `${forged}export const job = { id: 'forged', command: 'true' };`);
    change(cwd, 'pikaci.config.ts', forged);
    change(cwd, '.gitattributes', '*.ts working-tree-encoding=UTF-16 filter=own\n');
    mkdirSync(join(cwd, 'node_modules/pikaci'), { recursive: true });
    change(cwd, 'node_modules/pikaci/index.js', forged);
    await git(cwd, 'config', 'filter.own.smudge', `touch ${proof}; cat`);
    const cli = new Cli({ cwd });
    expect([await cli.run('run', '--config-from', 'main'), cli.stderr.text]).toEqual([0, expect.anything()]);
    expect(cli.pikaci.targets['t']?.jobs[0]?.id).toBe('trusted');
    expect(existsSync(proof)).toBe(false);
  });

  test.each([
    ['no-such-branch', 'there is no commit "no-such-branch"'],
    ['--upload-pack=touch /tmp/x', 'there is no commit'],
  ])('of %j is refused', async (revision, message) => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
    const cli = new Cli({ cwd });
    expect(await cli.run('run', `--config-from=${revision}`)).toBe(2);
    expect(cli.stderr.text).toContain(message);
  });

  test('says so when the commit has none, or there is no repository', async () => {
    const cwd = await repository({ other: '' });
    change(cwd, 'pikaci.config.json', configWith(['a']));
    const without = new Cli({ cwd });
    expect(await without.run('run', '--config-from', 'main')).toBe(2);
    expect(without.stderr.text).toContain('the commit main has no configuration in');
    const nowhere = new Cli();
    expect(await nowhere.run('run', '--config-from', 'main')).toBe(2);
    expect(nowhere.stderr.text).toContain('is in no git repository');
  });

  test('is ended by Ctrl-C with the git that it runs, and leaves no folder of the commit', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
    const tools = folderWith({
      git: `#!/bin/sh
case $* in *checkout-index*) echo "$$" >"$0.pid"; exec sleep 600 ;; esac
PATH=\${PATH#*:}
exec git "$@"
`,
    });
    chmodSync(join(tools, 'git'), 0o755);
    vi.stubEnv('PATH', `${tools}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const cli = new Cli({ cwd });
    const exit = cli.run('run', '--config-from', 'main');
    const pid = () =>
      Number(existsSync(join(tools, 'git.pid')) && readFileSync(join(tools, 'git.pid'), 'utf8'));
    while (pid() === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(readdirSync(join(cwd, '.scratch'))).toHaveLength(1);
    cli.ctrlC();
    expect(await exit).toBe(130);
    expect(cli.stderr.text).toContain('interrupted before the files of the commit were there');
    expect(readdirSync(join(cwd, '.scratch'))).toEqual([]);
    // It was killed before the command ended; the kernel may need a moment more.
    await vi.waitFor(() => expect(() => process.kill(pid(), 0)).toThrow('ESRCH'));
    expect(cli.signalHandlers).toBe(0);
  });

  test('names a problem by the commit and the file', async () => {
    const cwd = await repository({ 'pikaci.config.json': '{\n  "hos": "local"\n}' });
    const cli = new Cli({ cwd });
    expect(await cli.run('run', '--config-from', 'main')).toBe(2);
    expect(cli.stderr.text).toContain(`main:${cwd}/pikaci.config.json`);
  });
});

describe('a workspace whose author is not trusted', () => {
  test.each([
    ['--trust', {}, ['--trust', 'untrusted']],
    ['PIKACI_TRUST', { PIKACI_TRUST: 'untrusted' }, []],
    ['PIKACI_TRUST, whatever the option says', { PIKACI_TRUST: 'untrusted' }, ['--trust', 'trusted']],
  ])('by %s does not say how it is run, and none of its code runs', async (_, env, args) => {
    const { code, proof } = moduleThatTells();
    const cwd = await repository({ 'pikaci.config.ts': code });
    for (const command of [['run'], ['doctor'], ['target-info'], ['list'], ['machine', 'list']]) {
      const cli = new Cli({ cwd, env });
      expect(await cli.run(...command, ...args)).toBe(2);
      expect(cli.stderr.text).toContain('--config-from REV');
    }
    expect(existsSync(proof)).toBe(false);
  });

  test('is run by a configuration of a commit, or one that lies elsewhere', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['trusted']) });
    const commit = new Cli({ cwd });
    expect(await commit.run('run', '--trust', 'untrusted', '--config-from', 'main')).toBe(0);
    expect(commit.created[0]?.config.trust).toBe('untrusted');
    const elsewhere = join(folderWith({ 'ci.json': configWith(['trusted']) }), 'ci.json');
    const other = new Cli({ cwd });
    const named = ['--config', elsewhere, '--workspace', cwd];
    expect(await other.run('run', '--trust', 'untrusted', ...named)).toBe(0);
    expect(other.created[0]?.config.trust).toBe('untrusted');
  });

  test('is one when the configuration says so, and no option takes that back', async () => {
    const text = JSON.stringify({ ...JSON.parse(configWith(['a'])), trust: 'untrusted' });
    const own = new Cli({ files: { 'pikaci.config.json': text } });
    expect(await own.run('run', '--trust', 'trusted')).toBe(2);
    const elsewhere = join(folderWith({ 'ci.json': text }), 'ci.json');
    const other = new Cli({ cwd: await repository({ a: '' }) });
    const named = ['--config', elsewhere, '--workspace', '.', '--trust', 'trusted'];
    expect(await other.run('run', ...named)).toBe(0);
    expect(other.created[0]?.config.trust).toBe('untrusted');
  });

  test('does not reach a configuration outside through a link', async () => {
    const elsewhere = folderWith({ 'ci.json': configWith(['a']) });
    const cwd = await repository({ a: '' });
    symlinkSync(join(elsewhere, 'ci.json'), join(cwd, 'pikaci.config.json'));
    const cli = new Cli({ cwd });
    expect(await cli.run('run', '--trust', 'untrusted')).toBe(2);
    const inside = folderWith({});
    symlinkSync(join(await repository({ 'c.json': configWith(['a']) }), 'c.json'), join(inside, 'c.json'));
    const workspace = dirname(join(inside, 'c.json'));
    const other = new Cli({ cwd: workspace });
    expect(await other.run('run', '--trust', 'untrusted', '--config', 'c.json')).toBe(2);
  });

  test('gives no key, certificate or known host to the connection', async () => {
    const host = { ssh: 'ci@host', knownHostsFile: 'known', identityFile: '/elsewhere/key' };
    const text = JSON.stringify({ ...JSON.parse(configWith(['a'])), host });
    const cwd = await repository({ 'pikaci.config.json': text, known: 'host ssh-ed25519 AAAA' });
    const cli = new Cli({ cwd });
    expect(await cli.run('run', '--trust', 'untrusted', '--config-from', 'main')).toBe(2);
    expect(cli.stderr.text).toContain(`host.knownHostsFile: ${cwd}/known lies in the workspace`);
    expect(cli.stderr.text).not.toContain('/elsewhere/key');
  });

  test.each(['no', 'Untrusted', 'UNTRUSTED', 'untrusted '])(
    'a PIKACI_TRUST of %j is refused before a module is run',
    async (value) => {
      const { code, proof } = moduleThatTells();
      const cwd = await repository({ 'pikaci.config.ts': code });
      for (const command of ['run', 'list']) {
        const cli = new Cli({ cwd, env: { PIKACI_TRUST: value } });
        expect(await cli.run(command)).toBe(2);
        expect(cli.stderr.text).toContain('PIKACI_TRUST: must be "trusted" or "untrusted"');
      }
      expect(existsSync(proof)).toBe(false);
    },
  );

  test('does not say how a folder of its repository is run', async () => {
    const { code, proof } = moduleThatTells();
    const cwd = await repository({ 'pikaci.config.ts': code, 'app/a': '', 'ci/x.json': configWith(['a']) });
    for (const args of [[], ['--config', 'ci/x.json']]) {
      const cli = new Cli({ cwd });
      expect(await cli.run('run', '--trust', 'untrusted', '--workspace', 'app', ...args)).toBe(2);
      expect(cli.stderr.text).toContain(`lies in the work tree of the workspace (${cwd})`);
    }
    expect(existsSync(proof)).toBe(false);
  });

  test('gives no known host of its repository when a folder of that is run', async () => {
    const host = { ssh: 'ci@host', knownHostsFile: 'known' };
    const text = JSON.stringify({ ...JSON.parse(configWith(['a'])), host });
    const cwd = await repository({ 'pikaci.config.json': text, known: 'host ssh-ed25519 AAAA', 'app/a': '' });
    const cli = new Cli({ cwd });
    const args = ['--trust', 'untrusted', '--config-from', 'main', '--workspace', 'app'];
    expect(await cli.run('run', ...args)).toBe(2);
    expect(cli.stderr.text).toContain(
      `host.knownHostsFile: ${cwd}/known lies in the work tree of the workspace`,
    );
  });

  test('is no link, and lies behind none of its repository', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']), 'app/a': '' });
    symlinkSync(folderWith({ 'sub/id': 'PRIVATEKEY' }), join(cwd, 'linked'));
    const from = ['--trust', 'untrusted', '--config-from', 'main'];
    for (const workspace of ['linked', 'linked/sub']) {
      const cli = new Cli({ cwd });
      expect(await cli.run('run', ...from, '--workspace', workspace)).toBe(2);
      expect(cli.stderr.text).toContain(`--workspace: ${cwd}/linked is a link`);
      const trusted = new Cli({ cwd });
      expect(await trusted.run('run', '--workspace', workspace)).toBe(0);
    }
    expect(await new Cli({ cwd }).run('run', ...from, '--workspace', 'app')).toBe(0);
    // A folder above the checkout is the operator's.
    const operators = join(folderWith({}), 'checkout');
    symlinkSync(cwd, operators);
    expect(await new Cli({ cwd }).run('run', ...from, '--workspace', join(operators, 'app'))).toBe(0);
  });

  test('is asked for no secret that it does not get', async () => {
    const secrets = { A: { env: 'SEC_A' }, B: { env: 'SEC_B', untrusted: true } };
    const jobs = [{ id: 'a', command: 'true', secrets }];
    const text = JSON.stringify({ ...JSON.parse(configWith([])), targets: { t: { jobs } } });
    const cwd = await repository({ 'pikaci.config.json': text });
    const args = ['run', '--trust', 'untrusted', '--config-from', 'main'];
    const cli = new Cli({ cwd, env: { SEC_B: 'b' } });
    expect([await cli.run(...args), cli.stderr.text]).toEqual([0, expect.anything()]);
    expect(cli.pikaci.targetInputs[0]?.secrets).toEqual({ a: { B: 'b' } });
    const without = new Cli({ cwd, env: { SEC_A: 'a' } });
    expect(await without.run(...args)).toBe(2);
    expect(without.stderr.text).toContain('SEC_B');
    expect(await new Cli({ cwd, env: { SEC_B: 'b' } }).run('run')).toBe(2);
  });
});

describe('a state root that the repository made', () => {
  test.each([['run'], ['list'], ['gc', '--keep-runs', '1'], ['status', 'r']])(
    'is refused by %s when git tracks it',
    async (...command) => {
      const cwd = await repository({
        'pikaci.config.json': configWith(['a']),
        '.pikaci/runs/r/run.json': '{}',
      });
      const cli = new Cli({ cwd });
      expect(await cli.run(...command)).toBe(2);
      expect(cli.stderr.text).toContain('.pikaci is tracked by git');
    },
  );

  test.each([
    ['run'],
    ['list'],
    ['gc', '--keep-runs', '1'],
    ['gc', '--remote'],
    ['status', 'r'],
    ['logs', 'r'],
    ['artifacts', 'r'],
    ['prepared-outputs', 'r'],
    ['serve', '--port', '0'],
    ['attach', 'r', 'a'],
    ['rerun', 'r'],
    ['machine', 'list'],
    ['machine', 'logs', 'm', 's'],
    ['machine', 'close', 'm'],
    ['list', '--state-root', '.pikaci/'],
  ])('is refused as a link by %s %s, whatever it leads to', async (...command) => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
    const forged = folderWith({});
    mkdirSync(join(forged, 'runs'));
    symlinkSync(forged, join(cwd, '.pikaci'));
    const cli = new Cli({ cwd });
    expect(await cli.run(...command)).toBe(2);
    expect(cli.stderr.text).toContain(`the state root ${join(cwd, '.pikaci')} is a link`);
    expect(readdirSync(forged)).toEqual(['runs']);
  });

  test.each([
    ['run'],
    ['rerun', 'r'],
    ['list'],
    ['gc', '--keep-runs', '1'],
    ['logs', 'r'],
    ['machine', 'list'],
  ])('is refused by %s %s where a directory in it leads elsewhere', async (...command) => {
    for (const name of ['runs', 'machines']) {
      const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
      const forged = folderWith({});
      mkdirSync(join(cwd, '.pikaci'));
      symlinkSync(forged, join(cwd, '.pikaci', name));
      const cli = new Cli({ cwd });
      expect(await cli.run(...command)).toBe(2);
      expect(cli.stderr.text).toContain(`${join(cwd, '.pikaci', name)} is a link`);
      expect(readdirSync(forged)).toEqual([]);
    }
  });

  const forgedRuns = () =>
    repository({ 'pikaci.config.json': configWith(['a']), '.pikaci/runs/r/run.json': '{}' });

  test.each([['run'], ['list'], ['list', '--state-root', '.pikaci'], ['status', 'r']])(
    'is refused by %s %s when git does not answer, since the repository belongs to another user',
    async (...command) => {
      const cwd = await forgedRuns();
      const refusal = "fatal: detected dubious ownership in repository at '/x'";
      const tools = folderWith({ git: `#!/bin/sh\necho "${refusal}" >&2\nexit 128\n` });
      chmodSync(join(tools, 'git'), 0o755);
      vi.stubEnv('PATH', `${tools}:${process.env['PATH']}`);
      onTestFinished(() => void vi.unstubAllEnvs());
      const cli = new Cli({ cwd });
      expect(await cli.run(...command)).toBe(2);
      expect(cli.stderr.text).toContain('git config --global --add safe.directory');
      expect(cli.stderr.text).toContain('--state-root');
      const elsewhere = new Cli({ cwd });
      expect(await elsewhere.run('list', '--state-root', folderWith({}))).toBe(0);
    },
  );

  test('is warned of where git is missing, and refused when the author is not trusted', async () => {
    const cwd = await forgedRuns();
    const fresh = await repository({ 'pikaci.config.json': configWith(['a']) });
    const config = join(folderWith({ 'ci.json': configWith(['a']) }), 'ci.json');
    vi.stubEnv('PATH', folderWith({}));
    onTestFinished(() => void vi.unstubAllEnvs());
    for (const command of [['run'], ['list'], ['list', '--state-root', '.pikaci']]) {
      const cli = new Cli({ cwd });
      expect(await cli.run(...command)).toBe(0);
      expect(cli.stderr.text).toContain('there is no git here: install git');
    }
    const untrusted = ['--trust', 'untrusted', '--state-root', '.pikaci'];
    for (const command of [['run', '--config', config, '--workspace', '.'], ['list']]) {
      const cli = new Cli({ cwd });
      expect(await cli.run(...command, ...untrusted)).toBe(2);
      expect(cli.stderr.text).toContain('there is no git here: install git');
      // What is not there yet was made by nobody.
      const first = new Cli({ cwd: fresh });
      expect([await first.run(...command, ...untrusted), first.stderr.text]).toEqual([
        0,
        expect.not.stringContaining('git'),
      ]);
    }
  });

  test('is refused behind a link of the work tree, and not behind one above it', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
    const forged = folderWith({ 'state/runs/r/run.json': '{}' });
    symlinkSync(forged, join(cwd, 'ci'));
    for (const command of [['run'], ['list']]) {
      for (const root of ['ci/state', 'ci/new/state']) {
        const cli = new Cli({ cwd });
        expect(await cli.run(...command, '--state-root', root)).toBe(2);
        expect(cli.stderr.text).toContain(`${cwd}/${root} lies behind the link ${cwd}/ci`);
      }
    }
    const above = join(folderWith({}), 'checkout');
    symlinkSync(cwd, above);
    expect(await new Cli({ cwd }).run('list', '--state-root', join(above, 'state'))).toBe(0);
  });

  test('is not one that git ignores, or does not know', async () => {
    const cwd = await repository({ 'pikaci.config.json': configWith(['a']) });
    mkdirSync(join(cwd, '.pikaci'));
    expect(await new Cli({ cwd }).run('list')).toBe(0);
  });
});
