import { execFile } from 'node:child_process';
import { err, type Result } from 'neverthrow';
import type { IncusApi, IncusFault } from '../../src/index.js';

const COLLECT_MS = 10_000;
const MOST_BYTES = 8192;
/** Far beyond what any call of a test takes, and well within a test's own time. */
const ANSWER_MS = 120_000;

/** Each part is bounded, so that one that hangs does not keep the others from being seen; what matters most comes first. */
const COLLECT = `
part() { name=$1; shift; echo "== $name"; timeout -s KILL 2 sh -c "$1" 2>&1 | head -c "$2"; }
pid=$(pgrep -o '^incusd$')
export pid
part 'incusd' 'grep -E "^(State|VmRSS|Threads|SigQ|FDSize)" "/proc/$pid/status"; echo "descriptors: $(ls "/proc/$pid/fd" | wc -l)"; grep -E "open files|processes" "/proc/$pid/limits"' 600
part 'threads of incusd by what they wait for' 'for task in /proc/$pid/task/*; do cat "$task/wchan"; echo; done | sort | uniq -c | sort -rn' 400
part 'load' 'cat /proc/loadavg; free -m; df -h / /var/lib/incus' 900
part 'of the host' 'ls -l /run/pikaci-host' 600
part 'incusd.log' 'tail -n 40 /var/log/incus/incusd.log | tail -c 2500' 2600
part 'processes' 'ps -eo pid,ppid,stat,wchan:20,etimes,args --sort=stat | cut -c1-110' 2800
`;

/** What the host of a container does, at most 8 KB of text; had within 10 s, or as far as it came. */
export function hostDiagnosis(container: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { timeout: COLLECT_MS, killSignal: 'SIGKILL', maxBuffer: 1024 ** 2 } as const;
    execFile('docker', ['exec', container, 'sh', '-c', COLLECT], options, (error, stdout, stderr) => {
      const why = error === null ? '' : `\n(not all of it: ${error.message.split('\n')[0]} ${stderr})`;
      resolve(Buffer.from(`${stdout}${why}`).subarray(0, MOST_BYTES).toString('utf8'));
    });
  });
}

/** Awaits `work`; when it takes too long, or ends as one that did, what the host was doing is in the error. */
export async function orDiagnosed<T>(
  work: Promise<T>,
  {
    what,
    container,
    ms = ANSWER_MS,
  }: { readonly what: string; readonly container: string; readonly ms?: number },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    const ended = await Promise.race([work, late]);
    if (ended !== 'late') return ended;
  } finally {
    clearTimeout(timer);
  }
  throw new Error(
    `${what} was not answered in ${ms / 1000} s; the host meanwhile:\n${await hostDiagnosis(container)}`,
  );
}

/** The same daemon; a call that is not answered fails with what the host was doing. */
export function diagnosed(incus: IncusApi, container: string, ms = ANSWER_MS): IncusApi {
  return new Proxy(incus, {
    get: (of, name) => {
      const member: unknown = Reflect.get(of, name, of);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const answer: unknown = member.apply(of, args);
        if (!(answer instanceof Promise) || typeof name !== 'string') return answer;
        const told = answer.then((result: unknown) =>
          isTimedOut(result) ? explained(result, container) : result,
        );
        return orDiagnosed(told, { what: `${name} of the test's own Incus`, container, ms });
      };
    },
  });
}

function isTimedOut(result: unknown): result is Result<never, IncusFault> {
  return (result as Result<unknown, IncusFault> | undefined)?.isErr?.() === true
    ? (result as Result<unknown, IncusFault>)._unsafeUnwrapErr().kind === 'timed_out'
    : false;
}

async function explained(result: Result<never, IncusFault>, container: string) {
  const fault = result._unsafeUnwrapErr();
  return err({
    ...fault,
    message: `${fault.message}; the host meanwhile:\n${await hostDiagnosis(container)}`,
  });
}
