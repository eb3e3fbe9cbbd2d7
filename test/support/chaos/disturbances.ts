import { join } from 'node:path';
import { commandLine, type RunningCommandLine } from '../command-line.js';
import type { CutProxy } from '../cut-proxy.js';
import { repositoryRoot } from '../repository-root.js';
import type { Site } from '../site.js';
import type { Random } from './random.js';

/** What happens to a run while it goes on. */
export const DISTURBANCES = [
  'kill',
  'pause',
  'second',
  'gc',
  'cut',
  'stall',
  'disk',
  'clock',
  'sshd',
  'incusd',
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** These are done to the host, and so to every run on it: no other round is played beside them. */
export const OF_THE_HOST: readonly Disturbance[] = ['sshd', 'incusd'];

/** After these the runner itself cannot have cleaned up, or may report a system failure. */
export const MAY_END_EARLY: readonly Disturbance[] = ['kill', 'cut', 'stall', 'disk', 'sshd', 'incusd'];

export interface Disturbed {
  readonly site: Site;
  readonly random: Random;
  readonly runId: string;
  /** Words that every command of this round takes. */
  readonly common: readonly string[];
  readonly runner: RunningCommandLine;
  readonly proxy: CutProxy;
  /** Aborted when the runner has ended. */
  readonly over: AbortSignal;
  /** Takes what is wrong. */
  readonly wrong: (what: string) => void;
}

const elapsed = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * After a silence of so long the server ends a connection, as sshd does by `ClientAliveInterval`. Until then a stream to the daemon that was
 * opened just before, and brought nothing yet, holds up whoever else asks the daemon (docs/operations.md).
 */
const SERVER_HEARS_MS = 8_000;

const LONGEST_JUMP_MS = 2 * 86_400_000;

/** What the runner is started with. */
export function environmentOf(kind: Disturbance, random: Random): Record<string, string> {
  if (kind !== 'clock') return {};
  const jumps = Array.from({ length: random.whole(1, 5) }, (_, i) => [
    i * 1_000 + random.whole(0, 1_000),
    random.whole(-LONGEST_JUMP_MS, LONGEST_JUMP_MS),
  ]);
  return {
    NODE_OPTIONS: `--require=${join(repositoryRoot, 'test/support/chaos/jumping-clock.cjs')}`,
    PIKACI_TEST_CLOCK_JUMPS: JSON.stringify(jumps),
  };
}

/** Resolves when the runner has been disturbed as often as it will be, or has ended. */
export async function disturb(kind: Disturbance, round: Disturbed): Promise<void> {
  const { random, runner, over } = round;
  const at = async (most: number) => {
    await elapsed(random.between(0, most));
    return !over.aborted;
  };
  switch (kind) {
    case 'kill':
      if (await at(4_000)) runner.kill('SIGKILL');
      return;
    case 'pause':
      for (let times = random.whole(1, 4); times > 0 && (await at(2_000)); times--) {
        runner.kill('SIGSTOP');
        await elapsed(random.between(50, 2_500));
        runner.kill('SIGCONT');
      }
      return;
    case 'cut':
      for (let times = random.whole(1, 6); times > 0 && (await at(1_500)); times--) round.proxy.cut();
      return;
    case 'stall':
      for (let times = random.whole(1, 3); times > 0 && (await at(2_500)); times--) round.proxy.freeze();
      await elapsed(SERVER_HEARS_MS);
      round.proxy.endFrozenServers();
      return;
    case 'gc':
      while (!over.aborted) await removesOthers(round);
      return;
    case 'second':
      while (await at(1_000)) await attaches(round);
      return;
    case 'sshd':
      for (let times = random.whole(1, 3); times > 0 && (await at(3_000)); times--)
        await round.site.onHost(RESTARTS_SSHD);
      return;
    case 'incusd':
      for (let times = random.whole(1, 3); times > 0 && (await at(3_000)); times--)
        await round.site.onHost(RESTARTS_INCUSD, random.one(['TERM', 'KILL']));
      return;
    case 'clock':
      // The runner was started with a clock that jumps.
      return;
    case 'disk':
      // The state root is on a disk that is too small from the beginning.
      return;
  }
}

/** It listens anew, and every connection but that of this call is ended. */
const RESTARTS_SSHD = `
parent() { sed -n 's/^PPid:[[:space:]]*//p' "/proc/$1/status"; }
is_sshd() { case $(cat "/proc/$1/comm") in sshd*) ;; *) return 1 ;; esac; }
own=$$ master=$(parent $$)
while is_sshd "$(parent "$master")"; do own=$master master=$(parent "$master"); done
is_sshd "$master"
kill -HUP "$master"
for status in /proc/[0-9]*/status; do
  session=\${status#/proc/} session=\${session%/status}
  [ "$session" != "$own" ] && [ "$(parent "$session" 2>/dev/null)" = "$master" ] && kill "$session" || :
done
`;

/** Ends the daemon with a signal, and waits until another one answers: the host starts it. */
const RESTARTS_INCUSD = `
daemons() { grep -l '^incusd$' /proc/[0-9]*/comm 2>/dev/null || :; }
touch /run/pikaci-host/restart-incusd
for comm in $(daemons); do
  pid=\${comm%/comm}
  case $(tr '\\0' ' ' <"$pid/cmdline") in *--group*) kill -"$1" "\${pid#/proc/}" ;; esac
done
timeout 60 sh -c 'while [ -e /run/pikaci-host/restart-incusd ]; do sleep 0.1; done'
incus admin waitready --timeout 60 >&2
`;

/** All that may be removed beside a run that goes on. */
async function removesOthers({ site, common, wrong }: Disturbed): Promise<void> {
  const words = ['gc', '--remote', '--keep-days', '0', '--keep-runs', '0', ...common];
  const { code, stderr } = await commandLine(site, words).end;
  if (code !== 0) wrong(`gc ended with ${code}: ${stderr}`);
}

/** A second runner for a job that is the first one's, or has ended. */
async function attaches({ site, random, runId, common, wrong }: Disturbed): Promise<void> {
  const job = random.one(['a', 'b', 'c']);
  const { code, stderr } = await commandLine(site, ['attach', runId, job, ...common]).end;
  if (code !== 0 && code !== 1 && code !== 2)
    wrong(`a second attach of ${job} ended with ${code}: ${stderr}`);
}
