import { commandLine, type RunningCommandLine } from '../command-line.js';
import type { CutProxy } from '../cut-proxy.js';
import type { Site } from '../site.js';
import type { Random } from './random.js';

/** What happens to a run while it goes on. */
export const DISTURBANCES = ['kill', 'pause', 'second', 'gc', 'cut', 'stall', 'disk'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** After these the runner itself cannot have cleaned up, or may say that the machinery failed. */
export const MAY_END_EARLY: readonly Disturbance[] = ['kill', 'cut', 'stall', 'disk'];

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
      return;
    case 'gc':
      while (!over.aborted) await removesOthers(round);
      return;
    case 'second':
      while (await at(1_000)) await attaches(round);
      return;
    case 'disk':
      // The state root is on a disk that is too small from the beginning.
      return;
  }
}

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
