import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { supervisorCommand } from '../../../../../src/application/machine/incus/supervisor-call.js';
import { temporaryDirectory } from '../../../../support/temporary-directory.js';

const RESULT = '{"schema_version":1,"status":"failed","exit_code":null,"cause":"setup"}';

/** A later call, where no supervisor is, with a directory of the test's own for that of the guest. */
async function ask(state: string, ...words: string[]) {
  const [program, ...args] = supervisorCommand({ text: 'unused' }, ...words);
  const moved = args.map((word) => word.replace(/^\/var\/lib\/pikaci(?=\/|$)/, state));
  const { stdout, stderr } = await promisify(execFile)(program, moved);
  return { stdout, stderr };
}

const statusOf = (text: string) => ({ ...JSON.parse(text) });

describe('a call to a guest whose supervisor did not put itself there', () => {
  it('finds no job where none was begun', async () => {
    await using directory = await temporaryDirectory();
    const absent = { schema_version: 1, state: 'absent', log_bytes: 0, result: null };
    const state = join(directory.path, 'none');
    expect(statusOf((await ask(state, 'status')).stdout)).toEqual(absent);
    expect(statusOf((await ask(state, 'follow', '0')).stderr)).toEqual(absent);
    expect(statusOf((await ask(state, '--step', 'one', 'status')).stdout)).toEqual(absent);
    expect((await ask(state, 'secrets')).stdout).toBe('{}\n');
  });

  it('finds the result that says why nothing could begin', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'result.json'), `${RESULT}\n`);
    const { stdout } = await ask(directory.path, 'status');
    expect(statusOf(stdout)).toMatchObject({ state: 'finished', result: { cause: 'setup' } });
    expect((await ask(directory.path, 'follow', '0')).stderr).toBe(stdout);
    await mkdir(join(directory.path, 'steps/one'), { recursive: true });
    await writeFile(join(directory.path, 'steps/one/result.json'), `${RESULT}\n`);
    const step = await ask(directory.path, '--step', 'one', 'follow', '0');
    expect(statusOf(step.stderr)).toMatchObject({ state: 'finished', result: { cause: 'setup' } });
  });

  it('finds it in memory when the disk had no room for it', async () => {
    await using directory = await temporaryDirectory();
    const spare = join(directory.path, 'spare');
    await mkdir(spare);
    await writeFile(join(directory.path, 'started'), `12 34 ${spare}\n`);
    expect(statusOf((await ask(directory.path, 'status')).stdout)).toMatchObject({ state: 'absent' });
    await writeFile(join(spare, 'result'), `0 ${RESULT}\n`);
    const { stdout, stderr } = await ask(directory.path, 'status');
    expect(statusOf(stdout)).toMatchObject({ state: 'finished', result: { cause: 'setup' } });
    expect(stderr).toBe('');
  });
});
