import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface BenchPlace extends Disposable {
  /** A git work tree of a few small files, committed. */
  readonly workspace: string;
  /** Where pikaci and the other rows keep what they write. */
  readonly stateRoot: string;
}

export function benchPlace(): BenchPlace {
  const root = mkdtempSync(join(tmpdir(), 'pikaci-bench-'));
  const workspace = join(root, 'workspace');
  mkdirSync(join(workspace, 'src'), { recursive: true });
  for (let file = 0; file < 12; file++) {
    writeFileSync(join(workspace, 'src', `part-${file}.txt`), `part ${file}\n`.repeat(200));
  }
  const git = (...args: string[]) => execFileSync('git', ['-C', workspace, ...args], { stdio: 'ignore' });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message', 'bench');
  return {
    workspace,
    stateRoot: join(root, 'state'),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}
