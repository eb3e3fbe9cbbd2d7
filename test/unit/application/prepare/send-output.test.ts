import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { LocalShell } from '../../../../src/adapters/local/shell.js';
import { NodeFileStore } from '../../../../src/adapters/node/node-file-store.js';
import { overlay } from '../../../../src/application/cluster/overlay.js';
import { sendOutput } from '../../../../src/application/prepare/send-output.js';
import type { RemoteShell } from '../../../../src/index.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const KEY = 'a'.repeat(64);

/** Two hosts that have each their own folder for one path: the shell of the one that sends works elsewhere. */
async function hosts() {
  const directory = await temporaryDirectory();
  const shell = new LocalShell();
  const [there, here] = ['there', 'here'].map((name) => join(directory.path, name, 'prepared')) as [
    string,
    string,
  ];
  for (const prepared of [there, here]) await mkdir(prepared, { recursive: true });
  const home = join(here, KEY);
  const output = join(home, 'output');
  await mkdir(join(output, 'bin'), { recursive: true });
  await writeFile(join(output, 'bin', 'tool'), 'tool\n');
  await chmod(join(output, 'bin', 'tool'), 0o755);
  await symlink('bin/tool', join(output, 'link'));
  const target = join(there, KEY);
  const words: string[][] = [];
  // What is asked of the host is asked of its own folder.
  const from: RemoteShell = overlay<RemoteShell>(shell, {
    spawn: ({ argv: [program, ...rest], ...more }, options) => {
      words.push([program, ...rest]);
      return shell.spawn(
        { ...more, argv: [program, ...rest.map((word) => word.replace(there, here))] },
        options,
      );
    },
  });
  const call = { id: 'tool', home: target, signal: new AbortController().signal };
  const hold = async (path: string) =>
    ok((await stat(path).catch(() => null)) === null ? ('gone' as const) : ('held' as const));
  const send = (parts: Partial<{ from: RemoteShell; to: RemoteShell; signal: AbortSignal }> = {}) => {
    const to = { shell: parts.to ?? shell, hostFiles: new NodeFileStore() };
    const { signal = call.signal } = parts;
    return sendOutput({ from: { shell: parts.from ?? from }, to }, { ...call, hold, signal });
  };
  const dispose = async () => {
    await shell[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  return { send, from, shell, there, target, words, output, [Symbol.asyncDispose]: dispose };
}

describe('a prepared output on another member', () => {
  it('is there whole, once, however many send it at one moment', async () => {
    await using at = await hosts();
    for (const sent of await Promise.all([at.send(), at.send(), at.send()])) must(sent);
    expect(await readdir(at.there)).toEqual([KEY]);
    expect(await readFile(join(at.target, 'output', 'link'), 'utf8')).toBe('tool\n');
    expect((await stat(join(at.target, 'output', 'bin', 'tool'))).mode & 0o777).toBe(0o755);
    at.words.length = 0;
    must(await at.send());
    expect(at.words).toEqual([]);
  });

  it('is not there at all where it did not come whole, was changed on its way, or was cancelled', async () => {
    await using at = await hosts();
    /** The shell of the host or of the member, with another program in the place of `tar`. */
    const broken = (shell: RemoteShell, script: string) =>
      overlay<RemoteShell>(shell, {
        spawn: (command, options) =>
          command.argv[0] !== 'tar'
            ? shell.spawn(command, options)
            : shell.spawn({ ...command, argv: ['sh', '-c', script, 'sh', ...command.argv] }, options),
      });
    const stop = new AbortController();
    const cases = [
      [{ from: broken(at.from, '"$@" | head -c 600; echo the disk broke >&2; exit 3') }, /the disk broke/],
      [{ from: broken(at.from, '"$@" | head -c 600') }, /another on|tar/],
      [{ to: broken(at.shell, '"$@" && chmod a-x "$3/output/bin/tool"') }, /another on .* than on/],
      [{ to: broken(at.shell, 'echo No space left >&2; exit 2') }, /No space left/],
    ] as const;
    for (const [parts, says] of cases) {
      expect(mustFail(await at.send(parts), 'host').message).toMatch(says);
      expect(await readdir(at.there)).toEqual([]);
    }
    const hangs = broken(at.from, 'sleep 1000');
    const sending = at.send({ from: hangs, signal: stop.signal });
    await expect.poll(() => readdir(at.there)).toHaveLength(1);
    stop.abort();
    mustFail(await sending, 'cancelled');
    expect(await readdir(at.there)).toEqual([]);
  });
});
