import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemoryProcesses } from '../../../../src/adapters/memory/memory-processes.js';
import { NodeProcesses } from '../../../../src/adapters/node/node-processes.js';
import { madeScratchFolder } from '../../../../src/adapters/node/scratch-folder.js';

function site() {
  const scratch = mkdtempSync(join(tmpdir(), 'pikaci-scratch-'));
  onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
  const processes = new MemoryProcesses();
  const make = async (prefix = 'commit') => {
    const made = await madeScratchFolder(scratch, prefix, processes);
    if (made === null) throw new Error('no folder was made');
    writeFileSync(join(made, 'file'), '');
    return basename(made);
  };
  return { scratch, processes, make, there: () => readdirSync(scratch).sort() };
}

describe('a scratch folder', () => {
  it('is kept while its process lives, and removed by the next one that makes its own', async () => {
    const { processes, make, there } = site();
    const before = [await make(), await make()];
    expect(there()).toEqual(before.toSorted());
    processes.restart('killed');
    const next = await make();
    expect(there()).toEqual([next]);
  });

  it('is kept where it is not known whether its process lives, and where it is another thing', async () => {
    const { scratch, processes, make, there } = site();
    const kept = [await make(), 'commit-x1Y2z3', 'events'];
    for (const name of kept.slice(1)) mkdirSync(join(scratch, name));
    processes.restart('elsewhere');
    const next = await make();
    expect(there()).toEqual([...kept, next].toSorted());
    processes.restart('killed');
    const other = await make('other');
    expect(there()).toEqual([...kept, next, other].toSorted());
  });

  it('is told by real processes as well', async () => {
    const { scratch, there } = site();
    const first = await madeScratchFolder(scratch, 'commit', new NodeProcesses());
    const [name = ''] = there();
    const gone = name.replace(/-\d+-(\d+)-/, `-${process.pid}-1-`);
    mkdirSync(join(scratch, gone));
    const second = await madeScratchFolder(scratch, 'commit', new NodeProcesses());
    expect(there()).toEqual([basename(first ?? ''), basename(second ?? '')].sort());
  });
});
