import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { openActions } from '../serve/open-actions.js';
import { openViews } from '../serve/open-views.js';
import { type StateOptions, stateRootOrComplain } from '../state-root.js';
import { openHooks } from './open-hooks.js';

export const TOKEN_VARIABLE = 'PIKACI_SERVE_TOKEN';

export interface ServeCommandOptions extends StateOptions {
  readonly listen: string;
  readonly port: number;
  readonly publicBadges?: boolean;
  readonly hooks?: boolean;
  readonly actions?: boolean;
  readonly hosts?: boolean;
  readonly terminal?: boolean;
}

/** `pikaci serve`: until Ctrl-C. The token is no option: the list of processes would show it. */
export async function serveCommand(context: CliContext, options: ServeCommandOptions): Promise<number> {
  const opened = options.hooks === true ? await openHooks(context, options) : null;
  if (opened === 'refused') return EXIT.usage;
  await using hooks = opened;
  const changing = options.actions === true ? await openActions(context, options) : null;
  if (changing === 'refused') return EXIT.usage;
  const { hosts: showsHosts = false, terminal: hasTerminal = false } = options;
  const looking = showsHosts || hasTerminal ? await openViews(context, options) : null;
  if (looking === 'refused') return EXIT.usage;
  await using looks = looking;
  const stateRoot = (hooks ?? changing ?? looks)?.stateRoot ?? (await stateRootOrComplain(context, options));
  if (stateRoot === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const token = context.input.env[TOKEN_VARIABLE] || null;
  const { listen: host, port, publicBadges = false } = options;
  const started = await context.input.serve(stateRoot, {
    host,
    port,
    token,
    publicBadges,
    hooks: hooks?.receiver ?? null,
    actions: changing?.actions ?? null,
    hosts: showsHosts ? (looks?.hosts ?? null) : null,
    terminal: hasTerminal ? (looks?.terminal ?? null) : null,
  });
  if (started.isErr()) {
    const { kind, message } = started.error;
    complain(context, kind === 'address' ? message : `${message} ($${TOKEN_VARIABLE})`);
    return kind === 'address' ? EXIT.systemFailure : EXIT.usage;
  }
  await using serving = started.value;
  context.stdout.write(`${serving.url}\n`);
  const working = Promise.all([hooks?.work(), changing?.work()]);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await working;
  return EXIT.passed;
}
