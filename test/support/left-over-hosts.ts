import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname } from 'node:path';
import { getContainerRuntimeClient } from 'testcontainers';

const OWNER_LABEL = 'dev.pikaci.test.owner';
const KEYS_LABEL = 'dev.pikaci.test.keys';
export const KEYS_PREFIX = 'pikaci-test-host-';

/** Say whose a test's host is, so that the next run can tell one that was left over from one in use. */
export function hostLabels(keysDirectory: string): Record<string, string> {
  return {
    [OWNER_LABEL]: [pidNamespace(), process.pid, startTime(process.pid)].join(' '),
    [KEYS_LABEL]: keysDirectory,
  };
}

/**
 * Removes, with their volumes and keys, the hosts of test runs that were killed. It stands in for testcontainers' own reaper,
 * whose image cannot be pulled everywhere.
 */
export async function removeLeftOverHosts(): Promise<void> {
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const found = await dockerode.listContainers({ all: true, filters: { label: [OWNER_LABEL] } });
  for (const { Id, Labels } of found) {
    if (!isGone(Labels)) continue;
    await dockerode.getContainer(Id).remove({ force: true, v: true });
    const keys = Labels[KEYS_LABEL] ?? '';
    if (dirname(keys) === tmpdir() && basename(keys).startsWith(KEYS_PREFIX))
      await rm(keys, { recursive: true, force: true });
  }
  // Behind their containers: a cluster has one of its own.
  const networks = await dockerode.listNetworks({ filters: { label: [OWNER_LABEL] } });
  for (const { Id, Labels = {} } of networks) if (isGone(Labels)) await dockerode.getNetwork(Id).remove();
}

/** Whether the test run is that has made it. Of another container's processes nothing can be said. */
function isGone(labels: Readonly<Record<string, string>>): boolean {
  const [namespace, pid, start] = (labels[OWNER_LABEL] ?? '').split(' ');
  return namespace === pidNamespace() && startTime(Number(pid)) !== start;
}

const pidNamespace = () => readlinkSync('/proc/self/ns/pid');

/** A process id comes back; with its start time (field 22 of /proc/PID/stat) it does not. */
function startTime(pid: number): string | null {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return null;
  return (
    readFileSync(file, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19] ?? null
  );
}
