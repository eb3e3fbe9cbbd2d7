import { describe, expect, it } from 'vitest';
import {
  type MemoryWorkspaceEntry,
  MemoryWorkspaceScanner,
} from '../../src/adapters/memory/memory-workspace-scanner.js';
import { GitWorkspaceScanner } from '../../src/adapters/node/git-workspace-scanner.js';
import { workspaceScannerContract } from '../../src/testing/contract/workspace-scanner.js';
import { diskWorkspace } from '../support/disk-workspace.js';
import { temporaryRepository } from '../support/git-repository.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { vitestRunner } from '../support/vitest-runner.js';

async function memoryWorkspace() {
  const scanner = new MemoryWorkspaceScanner();
  const directory = '/workspace';
  const entries: Record<string, MemoryWorkspaceEntry> = {};
  const put = async (path: string, entry: MemoryWorkspaceEntry | null) => {
    if (entry === null) delete entries[path];
    else entries[path] = entry;
    scanner.setWorkspace(directory, { entries });
  };
  return {
    scanner,
    directory,
    write: (path: string, content: string, options: { executable?: boolean; mtimeNs?: string } = {}) =>
      put(path, { content, ...options }),
    link: (path: string, linkTo: string) => put(path, { linkTo }),
    remove: (path: string) => put(path, null),
    async [Symbol.asyncDispose]() {},
  };
}

async function workspaceOnDisk(make: typeof temporaryDirectory) {
  const { path, ...directory } = await make();
  const scanner = new GitWorkspaceScanner();
  return {
    scanner,
    directory: path,
    ...diskWorkspace(path),
    async [Symbol.asyncDispose]() {
      await scanner[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

workspaceScannerContract(vitestRunner, 'in memory', memoryWorkspace);
workspaceScannerContract(vitestRunner, 'a git work tree', () => workspaceOnDisk(temporaryRepository));
workspaceScannerContract(vitestRunner, 'a directory without git', () => workspaceOnDisk(temporaryDirectory));

describe('the scanner in memory and the one on disk', () => {
  it('name the same tree by the same hash', async () => {
    const hashes = [];
    for (const make of [memoryWorkspace, () => workspaceOnDisk(temporaryDirectory)]) {
      await using workspace = await make();
      const mtimeNs = '1700000000000000001';
      await workspace.write('a', 'x', { mtimeNs });
      await workspace.write('bin/run', '#!/bin/sh\n', { executable: true, mtimeNs });
      await workspace.write('\u00e4 "quoted"\nname', '', { mtimeNs });
      await workspace.link('l', '../elsewhere');
      hashes.push((await workspace.scanner.scan(workspace.directory))._unsafeUnwrap().contentHash);
    }
    expect(hashes[1]).toBe(hashes[0]);
  });
});
