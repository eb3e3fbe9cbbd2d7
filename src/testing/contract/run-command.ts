import assert from 'node:assert/strict';
import type { CallOptions, Command, RemoteShell, ShellFault } from '../../ports/remote-shell.js';
import { must } from './expect-result.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

/** Runs a command to its end and takes all that it writes. */
export async function ran(shell: RemoteShell, command: Command, options?: CallOptions): Promise<Ran> {
  await using running = must(await shell.spawn(command, options));
  const pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, data } of running.output) pieces[stream].push(data);
  const { code, signal } = must(await running.exit);
  const text = (data: readonly Uint8Array[]) => Buffer.concat(data).toString('utf8');
  return { stdout: text(pieces.stdout), stderr: text(pieces.stderr), code, signal };
}

/** The fault with which a command ends, wherever it shows: when it is started or at its end. */
export async function faultOf(
  shell: RemoteShell,
  command: Command,
  options?: CallOptions,
): Promise<ShellFault> {
  const started = await shell.spawn(command, options);
  if (started.isErr()) return started.error;
  await using running = started.value;
  for await (const _ of running.output);
  const exit = await running.exit;
  return exit.isErr() ? exit.error : assert.fail(`expected a fault, got ${JSON.stringify(exit.value)}`);
}
