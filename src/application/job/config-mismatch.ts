import type { JobRecord } from '../../domain/job/job-record.js';
import type { Machine } from '../machine/machine-backend.js';

/**
 * Why the machine of a recorded job is not looked for with this configuration; null when it is the one that the job was started
 * with. Another backend or work directory has no such machine, and a job that runs would be called lost.
 */
export function configMismatch(record: JobRecord, { context }: Machine): string | null {
  const { remoteWorkDir } = context.shared;
  const told = (what: string, recorded: string, configured: string) =>
    `the job was started with the ${what} ${recorded}, and the configuration says ${configured}: use the configuration that it was started with`;
  if (record.backend !== context.backend) return told('backend', record.backend, context.backend);
  if (record.work_dir !== undefined && record.work_dir !== remoteWorkDir)
    return told('work directory', record.work_dir, remoteWorkDir);
  return null;
}
