import { escapeLine } from '../../output/escape-control.js';
import { SHORT_KEY } from '../../output/template-lines.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import type { HostOptions } from '../with-pikaci.js';

export interface CacheRemoveOptions extends HostOptions {
  readonly force?: boolean;
}

/** `pikaci cache rm`: each on its own; the exit status is the highest. */
export async function cacheRemoveCommand(
  context: CliContext,
  which: readonly string[],
  options: CacheRemoveOptions,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const { signal } = context.interrupts;
    let code: number = EXIT.passed;
    for (const one of which) {
      const removed = await pikaci.removeCache(one, { signal, force: options.force === true });
      if (removed.isErr()) code = Math.max(code, complainOfFault(context, removed.error));
      else
        context.stdout.write(
          `removed ${escapeLine(removed.value.key)} (${removed.value.id.slice(0, SHORT_KEY)})\n`,
        );
    }
    return code;
  });
}
