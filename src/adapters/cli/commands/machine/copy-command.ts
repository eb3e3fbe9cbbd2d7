import { resolve } from 'node:path';
import type { ArtifactReport } from '../../../../domain/job/artifact.js';
import { machineIdSchema } from '../../../../domain/values/identifier.js';
import { escapeLine } from '../../output/escape-control.js';
import { count } from '../../output/quantities.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays, type WhatStays } from '../../session/say-what-stays.js';
import type { HostOptions } from '../with-pikaci.js';
import { complainOfFault, onMachine } from './machine-session.js';

export interface MachineCopyOptions extends HostOptions {
  readonly asRoot?: boolean;
}

/** `MACHINE:PATH`; null for a path on this machine, which "./" in front of it makes sure of. */
function inMachine(word: string): { readonly id: string; readonly path: string } | null {
  const at = word.indexOf(':');
  const id = word.slice(0, Math.max(0, at));
  return machineIdSchema.safeParse(id).success ? { id, path: word.slice(at + 1) } : null;
}

/** `pikaci machine cp`: files into a machine, or out of it. */
export async function machineCopyCommand(
  context: CliContext,
  source: string,
  destination: string,
  options: MachineCopyOptions,
): Promise<number> {
  const from = inMachine(source);
  const to = inMachine(destination);
  const { cwd } = context.input;
  const { signal } = context.interrupts;
  if ((from === null) === (to === null)) {
    complain(
      context,
      'one of the two is a path in a machine, as MACHINE:PATH, and the other one is a path here',
    );
    return EXIT.usage;
  }
  if (to !== null) {
    const work = () =>
      onMachine(context, options, to.id, async (machine) => {
        const asRoot = options.asRoot === true;
        const sent = await machine.upload(resolve(cwd, source), to.path, { signal, asRoot });
        return sent.isErr() ? complainOfFault(context, sent.error) : EXIT.passed;
      });
    return sayWhatStays(context, ending(`${to.path} in the machine ${to.id}`), work);
  }
  const { id = '', path = '' } = from ?? {};
  const work = () => bring(context, { id, path, destination }, options);
  return sayWhatStays(context, ending(destination), work);
}

function ending(destination: string): WhatStays {
  const left = () => [`a part of the files may be at ${destination}`];
  return { now: 'the copy is being ended', left };
}

function bring(
  context: CliContext,
  { id, path, destination }: { readonly id: string; readonly path: string; readonly destination: string },
  options: HostOptions,
): Promise<number> {
  const { cwd } = context.input;
  const { signal } = context.interrupts;
  return onMachine(context, options, id, async (machine) => {
    const brought = await machine.download(path, resolve(cwd, destination), { signal });
    if (brought.isOk()) {
      tell(context, brought.value, destination);
      return brought.value.refused_count === 0 ? EXIT.passed : EXIT.failed;
    }
    if ('brought' in brought.error && brought.error.brought !== undefined)
      tell(context, brought.error.brought, destination);
    return complainOfFault(context, brought.error);
  });
}

function tell(
  context: CliContext,
  { collected, refused, refused_count }: ArtifactReport,
  destination: string,
): void {
  for (const { path: left, rule } of refused) {
    const why =
      rule === 'path_conflict'
        ? `path conflict: in its way at or below ${escapeLine(destination)} on this machine is a link that leads to no directory, a file where a directory belongs, or the other way round`
        : rule.replaceAll('_', ' ');
    complain(context, `${escapeLine(left)} was not brought: ${why}`);
  }
  const more = refused_count - refused.length;
  if (more > 0) complain(context, `${more} more were not brought`);
  context.stderr.write(
    `pikaci: ${count(collected.length, 'file')} brought${refused_count === 0 ? '' : `, ${refused_count} not`}\n`,
  );
}
