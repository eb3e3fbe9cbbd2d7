import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from '../../ports/processes.js';

/** `PREFIX-SCOPE-PID-STARTED-RANDOM`: whose it is must be known from the moment at which it is there. */
const NAME = /^(?<prefix>[a-z]+)-(?<scope>[0-9a-f]{16})-(?<pid>\d{1,10})-(?<started>\d{1,20})-[^-]+$/;

/**
 * Makes a folder of this process's own in `scratch`, which is made for its user alone. Those of the same prefix whose processes have ended
 * are removed. Where it cannot be told which process is which, a folder says nothing of its maker, and stays. Null when there is no place for it.
 */
export async function madeScratchFolder(
  scratch: string,
  prefix: string,
  processes: Processes,
): Promise<string | null> {
  try {
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    const self = await processes.self();
    if (self.scope === null || self.started === null) return await mkdtemp(join(scratch, `${prefix}-`));
    const scope = createHash('sha256').update(self.scope).digest('hex').slice(0, 16);
    for (const name of await readdir(scratch)) {
      const found = NAME.exec(name)?.groups;
      if (found?.['prefix'] !== prefix || found['scope'] !== scope) continue;
      const maker = { ...self, pid: Number(found['pid']), started: found['started'] ?? null };
      if ((await processes.state(maker)) !== 'gone') continue;
      // Nobody waits for it: what cannot be removed is met again.
      await rm(join(scratch, name), { recursive: true, force: true }).catch(() => undefined);
    }
    return await mkdtemp(join(scratch, `${prefix}-${scope}-${self.pid}-${self.started}-`));
  } catch {
    return null;
  }
}
