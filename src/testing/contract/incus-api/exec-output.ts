import type { IncusExec } from '../../../ports/incus-api.js';
import type { IncusExecRequest } from '../../../ports/incus-types.js';
import { okOf } from './outcome.js';
import type { IncusContractSubject } from './subject.js';

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: Awaited<IncusExec['exit']>;
}

/** All that a command writes, and how it ended. */
export async function collected(exec: IncusExec): Promise<Ran> {
  const texts = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { stream, data } of exec.output) texts[stream].push(data);
  const stdout = Buffer.concat(texts.stdout).toString('utf8');
  return { stdout, stderr: Buffer.concat(texts.stderr).toString('utf8'), exit: await exec.exit };
}

export async function ran(
  { api, project }: IncusContractSubject,
  name: string,
  request: IncusExecRequest,
): Promise<Ran & { readonly code: number | null }> {
  await using exec = okOf(await api.exec(project, name, request));
  const all = await collected(exec);
  return { ...all, code: okOf(all.exit).code };
}
