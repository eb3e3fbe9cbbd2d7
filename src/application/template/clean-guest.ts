import { err, ok, type Result } from 'neverthrow';
import {
  GUEST_ARTIFACTS_DIR,
  GUEST_STEPS_DIR,
  GUEST_SUPERVISOR_DIR,
} from '../../domain/machine/guest-paths.js';
import type { IncusApi } from '../../ports/incus-api.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { CLEAN_COPY } from '../machine/clean-copy.js';
import { templateFault, whileAtTemplate } from './template-fault.js';

const BOUND_MS = 120_000;
const LONGEST_COMPLAINT = 2000;

const CLEAN = [
  'set -e',
  'for directory in "$@"; do rm -rf -- "$directory"; done',
  'mkdir -p -- "$3"',
  'chmod 1777 -- "$3"',
  CLEAN_COPY,
  'sync',
  // What its files take, for people; in KiB, and nothing where it cannot be told.
  'du -skx / 2>/dev/null || :',
].join('\n');

/** Takes out of a machine, in which a setup has ended, what its copies must not have. Says what its files take; null when the machine does not say. */
export async function cleanGuest(
  incus: IncusApi,
  { project, name }: { readonly project: string; readonly name: string },
): Promise<Result<{ readonly bytes: number | null }, JobFault>> {
  const signal = awakeBound(BOUND_MS);
  const directories = [GUEST_SUPERVISOR_DIR, GUEST_STEPS_DIR, GUEST_ARTIFACTS_DIR];
  const started = await incus.exec(
    project,
    name,
    {
      command: ['/bin/sh', '-c', CLEAN, 'pikaci-clean-template', ...directories],
      cwd: '/',
      user: 0,
      group: 0,
    },
    { signal },
  );
  if (started.isErr()) return err(whileAtTemplate(started.error, `clean the template's machine ${name}`));
  await using cleaning = started.value;
  let said = '';
  for await (const { data } of cleaning.output)
    if (said.length < LONGEST_COMPLAINT) said += Buffer.from(data).toString('utf8');
  const exit = await cleaning.exit;
  if (exit.isErr()) return err(whileAtTemplate(exit.error, `clean the template's machine ${name}`));
  if (exit.value.code === 0) {
    const [, kibibytes] = /^(\d+)\s+\/$/m.exec(said) ?? [];
    return ok({ bytes: kibibytes === undefined ? null : Number(kibibytes) * 1024 });
  }
  const message = `what a template's copies must not have could not be taken out of its machine ${name}: ${said.slice(0, LONGEST_COMPLAINT).trim()}`;
  return err(templateFault(incus.host, message));
}
