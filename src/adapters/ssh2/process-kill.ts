import type { Client, ClientChannel } from 'ssh2';
import { quoteWords } from '../../domain/values/shell-words.js';
import { bounded } from '../../streams/bounded.js';
import { TOKEN_VARIABLE } from './command-line.js';
import type { Ssh2Connection } from './connection.js';
import type { SshLink } from './link.js';
import { openSession, requestSession } from './open-session.js';

/**
 * Ends every process of a command: those that carry its token, those in the group or session of its first process, and all
 * that descend from these, so that one that called setsid(2) is found too. TERM, then KILL after the grace. Ends with 0 when none
 * is left. Reads Linux's /proc (proc(5): /proc/pid/stat, /proc/pid/environ).
 */
const KILL_SCRIPT = `token=$1 group=$2 polls=$3
pids() {
  tagged=$(grep -lF -- "$token" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\\n' | tr '\\n' ' ')
  sed -n 's/^\\([0-9]*\\) (.*) \\([A-Za-z]\\) \\([0-9]*\\) \\([0-9]*\\) \\([0-9]*\\) .*/\\1 \\2 \\3 \\4 \\5/p' /proc/[0-9]*/stat 2>/dev/null |
  awk -v tagged="$tagged" -v group="$group" '
    BEGIN { n = split(tagged, t, " "); for (i = 1; i <= n; i++) want[t[i]] = 1 }
    { parent[$1] = $3; if ($2 != "Z") live[$1] = 1; if (group > 1 && ($4 == group || $5 == group)) want[$1] = 1 }
    END {
      do { grew = 0; for (p in parent) if (!(p in want) && (parent[p] in want)) { want[p] = 1; grew = 1 } } while (grew)
      for (p in want) if (p in live) printf "%s ", p
    }'
}
found=$(pids)
[ -z "$found" ] && exit 0
kill -TERM $found 2>/dev/null
kill -CONT $found 2>/dev/null
while [ "$polls" -gt 0 ]; do
  found=$(pids); [ -z "$found" ] && exit 0
  sleep 0.05 2>/dev/null || sleep 1
  polls=$((polls - 1))
done
polls=20
while [ "$polls" -gt 0 ]; do
  found=$(pids); [ -z "$found" ] && exit 0
  kill -KILL $found 2>/dev/null
  sleep 0.05 2>/dev/null || sleep 1
  polls=$((polls - 1))
done
exit 1`;

const POLL_MS = 50;
/** On top of the grace: the KILL rounds, opening the channel, a slow line. */
const MARGIN_MS = 5_000;

export interface Killing {
  readonly connection: Ssh2Connection;
  /** The link to use; a lost one is replaced by a new one, if that comes up in time. */
  readonly link: SshLink;
  readonly token: string;
  /** The group's leader, while the host still holds it for the channel; `null` when it may be somebody else's by now. */
  readonly pid: number | null;
}

/** Whether nothing of the command is left, as far as could be seen. Bounded by the grace and five seconds; never rejects. */
export async function killCommand(killing: Killing): Promise<boolean> {
  const { timing } = killing.connection;
  const done = await bounded(runKill(killing), { ms: timing.killGraceMs + MARGIN_MS });
  return done === true;
}

async function runKill(killing: Killing): Promise<boolean> {
  const { connection, link, token, pid } = killing;
  // A process id is good only as long as the link that the command was started on.
  const group = link.lost === null && pid !== null ? String(pid) : '0';
  const polls = Math.ceil(connection.timing.killGraceMs / POLL_MS);
  const line = `exec /bin/sh -c ${quoteWords([KILL_SCRIPT, 'pikaci', `${TOKEN_VARIABLE}=${token}`, group, String(polls)])}`;
  const start = (client: Client, answer: (error: Error | undefined, channel: ClientChannel) => void) =>
    client.exec(line, answer);
  const beside = link.lost === null ? await besideTheOthers(link, start) : null;
  if (beside !== null) return beside;
  // The link is gone, or the server allows it no session more.
  const late = (channel: ClientChannel) => channel.close();
  const opened = await openSession(connection, start, { tried: 'end a command', late });
  if (opened.isErr()) return false;
  return exitedWithZero(opened.value.link, opened.value.channel).finally(opened.value.release);
}

/** `null` when the link gave no session. */
async function besideTheOthers(
  link: SshLink,
  start: (client: Client, answer: (error: Error | undefined, channel: ClientChannel) => void) => void,
): Promise<boolean | null> {
  const release = await link.killing.take();
  const channel = await requestSession<ClientChannel>(link, start);
  const done = channel.isErr() ? Promise.resolve(null) : exitedWithZero(link, channel.value);
  return done.finally(() => release?.());
}

function exitedWithZero(link: SshLink, channel: ClientChannel): Promise<boolean> {
  return new Promise((resolve) => {
    const forget = link.onLost(() => resolve(false));
    channel.on('error', () => {});
    channel.on('close', (code: number | null) => {
      forget();
      resolve(code === 0);
    });
    channel.resume();
    channel.stderr.resume();
    channel.end();
  });
}
