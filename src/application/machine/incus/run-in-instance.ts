import { err, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { GuestAnswer, GuestCommand } from '../service-networks.js';

const MOST_SAID = 32 * 1024;
/** As a shell has it for what a signal ended. */
const KILLED = 137;

/** Runs a command as root in an instance to its end; what it writes beyond a bound is dropped. */
export async function runInInstance(
  incus: IncusApi,
  { project, name }: { readonly project: string; readonly name: string },
  call: GuestCommand,
  signal: AbortSignal,
): Promise<Result<GuestAnswer, IncusFault>> {
  const started = await incus.exec(project, name, { ...call, cwd: '/', user: 0, group: 0 }, { signal });
  if (started.isErr()) return err(started.error);
  await using running = started.value;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const { data } of running.output) {
    if (bytes < MOST_SAID) pieces.push(data.subarray(0, MOST_SAID - bytes));
    bytes += data.length;
  }
  const exit = await running.exit;
  return exit.map(({ code }) => ({
    code: code ?? KILLED,
    said: Buffer.concat(pieces).toString('utf8'),
  }));
}
