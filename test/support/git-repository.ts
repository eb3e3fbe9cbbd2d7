import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);

/** Runs git with a name and an address, and without the machine's own configuration. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const identity = { name: 'A Tester', email: 'tester@example.com' };
  const { stdout } = await run('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd,
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: identity.name,
      GIT_AUTHOR_EMAIL: identity.email,
      GIT_COMMITTER_NAME: identity.name,
      GIT_COMMITTER_EMAIL: identity.email,
    },
  });
  return stdout.trim();
}

export async function temporaryRepository(): ReturnType<typeof temporaryDirectory> {
  const directory = await temporaryDirectory();
  await git(directory.path, 'init', '--quiet', '--initial-branch=main');
  return directory;
}
