import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtCommand } from '../../support/built-command.js';
import { isRoot } from '../../support/guest-machine.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** A number that no list of users has, as on Kubernetes and OpenShift. */
const NAMELESS = 48_213;

let built: Awaited<ReturnType<typeof builtCommand>>;
beforeAll(async () => {
  built = await builtCommand();
}, 240_000);
afterAll(async () => await built[Symbol.asyncDispose]());

describe.runIf(isRoot)('a user without a name, a home directory and an environment', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    await mkdir(directory.path, { recursive: true, mode: 0o755 });
    const config = {
      host: { ssh: '127.0.0.1:1', connectTimeoutSecs: 5 },
      targets: { default: { jobs: [{ id: 'j', command: 'true' }] } },
    };
    await writeFile(join(directory.path, 'pikaci.config.json'), JSON.stringify(config));
    spawnSync('chown', ['-R', `${NAMELESS}:${NAMELESS}`, directory.path]);
    spawnSync('chmod', ['-R', 'a+rX', join(built.folder, '..')]);
  });
  afterAll(async () => await directory[Symbol.asyncDispose]());

  const pikaci = (words: readonly string[]) => {
    const as = ['--reuid', `${NAMELESS}`, '--regid', `${NAMELESS}`, '--clear-groups', 'env', '-i'];
    const { status, stdout, stderr } = spawnSync('setpriv', [...as, built.path, ...words], {
      cwd: directory.path,
      encoding: 'utf8',
      input: '',
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  };

  it.each([
    ['--version', 0],
    ['target-info', 0],
    ['status', 2],
    ['list', 0],
    ['gc --keep-runs 20', 0],
    ['logs r j', 2],
    ['artifacts r', 2],
    ['attach r j', 2],
    ['rerun r', 2],
    ['machine list', 0],
    ['completion bash', 0],
    ['init --host x@y elsewhere.json', 2],
  ])('is no surprise to `pikaci %s`', (words, code) => {
    const { status, stderr } = pikaci(words.split(' '));
    expect(stderr).not.toMatch(/^ +at |nobody has caught/m);
    expect(status, stderr).toBe(code);
  });

  it.each(['run', 'doctor', 'gc --remote', 'machine open'])(
    'is told by `pikaci %s` what to write',
    (words) => {
      const { status, stdout, stderr } = pikaci(words.split(' '));
      expect(stderr).not.toMatch(/^ +at |nobody has caught/m);
      expect(`${stdout}${stderr}`).toContain('this user has no name here; write USER@127.0.0.1');
      expect(status).toBe(3);
    },
  );
});

it('shows the bytes of an argument that is not UTF-8, and takes it for no other name', () => {
  const words = ['-c', 'exec "$1" target-info --config "$(printf "caf\\351.json")"', 'sh', built.path];
  const { status, stderr } = spawnSync('sh', words, {
    cwd: '/',
    encoding: 'utf8',
    input: '',
    timeout: 60_000,
  });
  expect([status, stderr]).toEqual([2, 'pikaci: /caf\\xe9.json: --config: there is no such file\n']);
});

describe('a current directory that somebody has removed', () => {
  const LINE =
    'the current directory cannot be read (ENOENT): it may have been removed; change to another one';
  const inRemoved = async (...command: string[]) => {
    await using directory = await temporaryDirectory();
    const gone = join(directory.path, 'gone');
    await mkdir(gone, { recursive: true });
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', 'rmdir "$1"; shift; exec "$@"', 'sh', gone, ...command],
      { cwd: gone, encoding: 'utf8', input: '', timeout: 60_000 },
    );
    return { status, stdout, stderr };
  };

  it.each(['run', 'list', 'doctor', 'machine list'])('is said in one line by `pikaci %s`', async (words) => {
    const program = join(built.folder, '../dist/bin.js');
    const told = await inRemoved(process.execPath, program, ...words.split(' '));
    expect(told).toEqual({ status: 2, stdout: '', stderr: `pikaci: ${LINE}\n` });
  });

  it('is a fault of the configuration in the library, unless a directory is given', async () => {
    const script = join(built.folder, 'library.mjs');
    await writeFile(
      script,
      `import { createPikaci } from '../dist/index.js';
      const config = { host: { ssh: 'ci@box' } };
      for (const options of [{}, { baseDir: '/' }]) {
        const made = createPikaci(config, options);
        console.log(made.isOk() ? 'made' : made.error.kind + ': ' + made.error.message);
      }`,
    );
    const { stdout, stderr } = await inRemoved(process.execPath, script);
    expect(stderr).toBe('');
    expect(stdout).toBe(`invalid_config: the configuration: baseDir: ${LINE}\nmade\n`);
  });
});
