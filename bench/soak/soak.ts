import { setMaxListeners } from 'node:events';
import { connectPikaci } from '../connect.js';
import type { ReachedHost } from '../host.js';
import type { BenchPlace } from '../workspace.js';
import { type Growth, growth, type Sample } from './growth.js';
import { HostCounts } from './host-counts.js';
import { soakJob } from './jobs.js';
import type { SoakOptions, SoakTransport } from './options.js';
import { runnerCounts } from './runner-counts.js';

export interface SoakReport {
  readonly samples: readonly Sample[];
  /** What is wrong with how jobs ended. */
  readonly wrong: readonly string[];
  /** Null when too few samples were taken. */
  readonly growth: readonly Growth[] | null;
}

/** Whoever is wrong so often is wrong in the same way. */
const MOST_WRONG = 20;
const SOCKET = '/var/lib/incus/unix.socket';

/**
 * Runs jobs over one Pikaci, some at a time, and counts what it and the host hold whenever none runs: after each `every` jobs. The
 * host's work directory is made for it, and removed.
 */
export async function soak(
  host: ReachedHost,
  place: BenchPlace,
  options: SoakOptions,
  onSample: (sample: Sample) => void,
): Promise<SoakReport> {
  await using counts = new HostCounts(host);
  await counts.make();
  try {
    const { samples, wrong } = await soaked(host, place, options, { counts, onSample });
    return { samples, wrong, growth: growth(samples, options.from) };
  } finally {
    await counts.remove();
  }
}

async function soaked(
  host: ReachedHost,
  { workspace, stateRoot }: BenchPlace,
  { jobs, atOnce, every, transport }: SoakOptions,
  { counts, onSample }: { readonly counts: HostCounts; readonly onSample: (sample: Sample) => void },
): Promise<Pick<SoakReport, 'samples' | 'wrong'>> {
  const { project, profile, image } = host;
  await using pikaci = connectPikaci(host, stateRoot, 'incus', {
    incus: { project, profile, image, ...transportOf(transport) },
  });
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const samples: Sample[] = [];
  const wrong: string[] = [];
  for (let done = 0; done < jobs && wrong.length < MOST_WRONG; ) {
    const until = Math.min(jobs, done + every);
    const lane = async () => {
      while (done < until) {
        const found = await soakJob({ pikaci, workspace, number: done++, signal });
        if (found !== null) wrong.push(found);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const here = await runnerCounts(stateRoot, signal, done);
    const sample = { jobs: done, counts: { ...here, ...(await counts.take()) } };
    samples.push(sample);
    onSample(sample);
  }
  return { samples, wrong };
}

function transportOf(transport: SoakTransport) {
  if (transport === 'ssh') return {};
  return { transport: { via: 'command' as const, argv: ['socat', '-', `UNIX-CONNECT:${SOCKET}`] } };
}
