import type { Acquisition } from '../../../domain/machine/acquisition.js';
import type { Lease } from '../../../domain/machine/lease.js';

/** One line: run, job, owner and the end in ms since the epoch; no word has a space in it. */
export function leaseLine({ runId, jobId, owner, expiresAtMs }: Omit<Lease, 'acquisition'>): string {
  return `${runId} ${jobId} ${owner} ${Math.round(expiresAtMs)}`;
}

/** A lease that cannot be read counts as one that has ended long ago. Whose machine it is stands beside it, in the file `owner`. */
export function readLeaseLine(line: string, acquisition: Acquisition): Lease {
  const [runId = '', jobId = '', owner = '', expires = ''] = line.trim().split(' ');
  return {
    runId,
    jobId,
    owner,
    expiresAtMs: /^[0-9]{1,15}$/.test(expires) ? Number(expires) : 0,
    acquisition,
  };
}
