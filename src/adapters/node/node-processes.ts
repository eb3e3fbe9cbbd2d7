import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Processes, ProcessIdentity, ProcessState } from '../../ports/processes.js';

interface Stat {
  readonly state: string;
  readonly started: string;
}

/** Processes as proc(5) shows them. Where there is no /proc nothing is said to be gone that may not be. */
export class NodeProcesses implements Processes {
  async self(): Promise<ProcessIdentity> {
    const [scope, stat] = await Promise.all([ownScope(), statOf(process.pid)]);
    return {
      hostname: hostname(),
      pid: process.pid,
      scope,
      started: stat === null || stat === 'gone' ? null : stat.started,
    };
  }

  async state(wanted: ProcessIdentity): Promise<ProcessState> {
    if (wanted.scope === null || wanted.started === null || wanted.scope !== (await ownScope()))
      return 'unknown';
    const stat = await statOf(wanted.pid);
    if (stat === null) return 'unknown';
    // One that was killed and is not waited for yet does nothing any more.
    if (stat === 'gone' || stat.state === 'Z' || stat.state === 'X') return 'gone';
    return stat.started === wanted.started ? 'alive' : 'gone';
  }
}

async function ownScope(): Promise<string | null> {
  try {
    const [boot, namespace] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
    ]);
    return `${boot.trim()} ${namespace}`;
  } catch {
    return null;
  }
}

/** Null where it cannot be told. */
async function statOf(pid: number): Promise<Stat | 'gone' | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything; what follows it are fields 3 and up of proc_pid_stat(5).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [state, started] = [fields[0], fields[19]];
    return state === undefined || started === undefined ? null : { state, started };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ESRCH' ? 'gone' : null;
  }
}
