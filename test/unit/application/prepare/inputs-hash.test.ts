import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { inputsHash } from '../../../../src/application/prepare/inputs-hash.js';
import type { FileStore } from '../../../../src/ports/file-store.js';
import { patternCases } from '../../../support/pattern-cases.js';

/** The hash of a workspace with these files, whose content is their name but for one that has changed. */
async function hashOf(inputs: readonly string[], entries: readonly string[], changed?: string) {
  const stat = { type: 'file', mode: 0o644 };
  const files = {
    lstat: async () => ok(stat),
    readFile: async (path: string) => ok(Buffer.from(path === `/w/${changed}` ? 'changed' : path)),
  } as unknown as FileStore;
  const snapshot = { root: '/w', contentHash: 'h', entries, totalBytes: 0 };
  const signal = new AbortController().signal;
  return inputsHash(files, snapshot, { id: 'tool', inputs }, { signal, host: 'host' });
}

describe('the inputs of a prepare node', () => {
  for (const { patterns, matches, others } of patternCases) {
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

  it('may be none at all, by saying so', async () => {
    expect((await hashOf([], ['a'])).isOk()).toBe(true);
    expect(await hashOf([], ['a'], 'a')).toEqual(await hashOf([], ['a']));
  });
});
