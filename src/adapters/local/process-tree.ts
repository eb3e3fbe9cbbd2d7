import { readdir, readFile } from 'node:fs/promises';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly zombie: boolean;
  readonly tagged: boolean;
}

/**
 * The live processes of a command: those in the group or session of its first process, those that carry its token in their
 * environment, and all that descend from these. Empty where there is no /proc.
 */
export async function processesOf(leader: number | null, token: string): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const all = (await Promise.all(pids.map((pid) => readProcess(pid, token)))).filter(
    (found) => found !== null,
  );
  const wanted = new Set(
    all.filter((one) => one.group === leader || one.session === leader || one.tagged).map((one) => one.pid),
  );
  for (let size = -1; size !== wanted.size; ) {
    size = wanted.size;
    for (const { pid, parent } of all) if (wanted.has(parent)) wanted.add(pid);
  }
  wanted.delete(process.pid);
  return all.filter((one) => !one.zombie && wanted.has(one.pid)).map((one) => one.pid);
}

/** Format of the line: proc(5), /proc/pid/stat. The name is in brackets and may hold anything. */
async function readProcess(pid: number, token: string): Promise<Process | null> {
  const [stat, environment] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
  ]);
  const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === undefined || session === undefined) return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    zombie: state === 'Z',
    tagged: environment.includes(token),
  };
}
