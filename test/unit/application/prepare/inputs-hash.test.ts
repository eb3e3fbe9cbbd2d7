import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { GitWorkspaceScanner } from '../../../../src/adapters/node/git-workspace-scanner.js';
import { inputsHash } from '../../../../src/application/prepare/inputs-hash.js';
import type { EntryContent } from '../../../../src/ports/entry-content.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { patternCases } from '../../../support/pattern-cases.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** The hash of a workspace with these files, whose content is their name but for one that has changed. */
async function hashOf(inputs: readonly string[], entries: readonly string[], changed?: string) {
  const contents = entries.map((path) => ({
    kind: 'f' as const,
    bytes: 1,
    mtimeNs: path === changed ? '2' : '1',
    sha256: path === changed ? 'changed' : path,
  }));
  return inputsHash({ entries, contents }, { id: 'tool', inputs }, 'host');
}

describe('the inputs of a prepare node', () => {
  for (const { patterns: written, matches, others, matchNothing = [] } of patternCases) {
    const patterns = written.filter((pattern) => !matchNothing.includes(pattern));
    it(`${patterns.join('  ')} are what the table says`, async () => {
      const entries = [...matches, ...others];
      const before = await hashOf(patterns, entries);
      expect(before.isOk()).toBe(true);
      for (const path of matches) expect(await hashOf(patterns, entries, path)).not.toEqual(before);
      for (const path of others) expect(await hashOf(patterns, entries, path)).toEqual(before);
    });
  }

  it('are refused when one of them matches nothing, or only what is taken away again', async () => {
    for (const inputs of [
      ['src', 'libs'],
      ['src', 'out', '!out/*'],
    ]) {
      const hash = await hashOf(inputs, ['src/a', 'out/b']);
      expect(hash).toEqual(
        err({
          kind: 'prepare_failed',
          phase: null,
          host: 'host',
          message: `the inputs of tool: the pattern "${inputs[1]}" matches no file of the workspace; correct it, or leave it out`,
        }),
      );
    }
  });

  it('are all files where nothing is said, and their times do not count', async () => {
    const hash = (sha256: string, mtimeNs: string) =>
      inputsHash(
        { entries: ['a'], contents: [{ kind: 'f', bytes: 1, mtimeNs, sha256 }] },
        { id: 'tool' },
        'host',
      );
    expect(await hash('one', '2')).toEqual(await hash('one', '1'));
    expect(await hash('two', '1')).not.toEqual(await hash('one', '1'));
  });

  it('may be none at all, by saying so', async () => {
    expect((await hashOf([], ['a'])).isOk()).toBe(true);
    expect(await hashOf([], ['a'], 'a')).toEqual(await hashOf([], ['a']));
  });

  it('may be larger than 1 GiB, as the upload takes them', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'model');
    await writeFile(file, '');
    await truncate(file, 1024 ** 3 + 1);
    await using scanner = new GitWorkspaceScanner();
    const snapshot = must(await scanner.scan(directory.path));
    expect(snapshot.totalBytes).toBe(1024 ** 3 + 1);
    const hash = must(await inputsHash(snapshot, { id: 'tool', inputs: ['model'] }, 'host'));
    const [content] = snapshot.contents;
    const other = { ...snapshot, contents: [{ ...content, bytes: 1024 ** 3 } as EntryContent] };
    expect(must(await inputsHash(other, { id: 'tool', inputs: ['model'] }, 'host'))).not.toBe(hash);
  });
});
