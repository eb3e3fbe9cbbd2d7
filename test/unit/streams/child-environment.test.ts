import { afterEach, describe, expect, it, vi } from 'vitest';
import { LocalCommandDialer } from '../../../src/adapters/local/command-dialer.js';
import { LocalShell } from '../../../src/adapters/local/shell.js';
import { runGit } from '../../../src/adapters/node/git-process.js';
import { childEnvironment } from '../../../src/streams/child-environment.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { ran } from '../../../src/testing/contract/run-command.js';

afterEach(() => vi.unstubAllEnvs());

const STRAY = { TAR_OPTIONS: '--exclude=*', GIT_DIR: '/nowhere', LD_LIBRARY_PATH: '/x', BASH_ENV: '/x' };
const KEPT = { SSH_AUTH_SOCK: '/agent', https_proxy: 'http://proxy', GIT_CONFIG_GLOBAL: '/dev/null' };

function stub() {
  for (const [name, value] of Object.entries({ ...STRAY, ...KEPT })) vi.stubEnv(name, value);
}

describe('what a child gets of the environment of the runner', () => {
  it('is chosen by name', () => {
    expect(childEnvironment({ ...STRAY, ...KEPT, PATH: '/bin', HOME: undefined })).toEqual({
      ...KEPT,
      PATH: '/bin',
    });
  });

  it('is the same for commands, for a dialled command and for git', async () => {
    stub();
    await using shell = new LocalShell();
    const said = [(await ran(shell, { argv: ['env'] })).stdout];
    const dialled = must(await new LocalCommandDialer(['env']).dial());
    said.push(Buffer.concat(await dialled.toArray()).toString());
    const args = ['-c', 'alias.surroundings=!env', 'surroundings'];
    said.push(must(await runGit({ cwd: '/', args, timeoutMs: 60_000 })).stdout.toString());
    for (const text of said) {
      const names = text.split('\n').map((line) => line.split('=')[0]);
      expect(names).toEqual(expect.arrayContaining(['PATH', ...Object.keys(KEPT)]));
      // Bash and git set some of their own, but not with these values.
      for (const [name, value] of Object.entries(STRAY)) expect(text).not.toContain(`${name}=${value}`);
    }
  });

  it('has the settings that git takes from there, before those that pikaci adds', async () => {
    vi.stubEnv('GIT_CONFIG_COUNT', '1');
    vi.stubEnv('GIT_CONFIG_KEY_0', 'user.name');
    vi.stubEnv('GIT_CONFIG_VALUE_0', 'of the environment');
    const ask = async (name: string) =>
      must(
        await runGit({
          cwd: '/',
          args: ['config', '--get', name],
          timeoutMs: 60_000,
          settings: [['filter.x.clean', 'of pikaci']],
        }),
      ).stdout.toString();
    expect(await ask('user.name')).toBe('of the environment\n');
    expect(await ask('filter.x.clean')).toBe('of pikaci\n');
  });
});
