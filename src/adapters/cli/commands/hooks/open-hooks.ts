import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReceivedHook, WebhookReceiver } from '../../../../domain/hooks/webhook-receiver.js';
import { runIdAt } from '../../../../domain/values/run-id.js';
import type { LoadedConfig } from '../../config/load-config.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';
import { loadOrComplain } from '../with-pikaci.js';
import { HookQueue, type WaitingRun } from './hook-queue.js';
import { onlyServer } from './only-server.js';
import { runForHook } from './run-for-hook.js';

const MOST_WAITING = 100;
const SHORTEST_SECRET = 16;

export interface Hooks extends AsyncDisposable {
  readonly stateRoot: string;
  readonly receiver: WebhookReceiver;
  /** Carries out what waits, one after the other, until the command is interrupted. */
  work(): Promise<void>;
}

/** What `pikaci serve --hooks` takes webhooks with; the problems of its configuration are told. */
export async function openHooks(context: CliContext, options: StateOptions): Promise<Hooks | 'refused'> {
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return 'refused';
  const hooks = hooksOf(context, loaded);
  if (typeof hooks === 'string') {
    complain(context, hooks);
    return 'refused';
  }
  const { stateRoot } = loaded.config;
  await mkdir(join(stateRoot, 'hooks'), { recursive: true, mode: 0o700 });
  const only = await onlyServer(join(stateRoot, 'hooks'));
  if (only === null) {
    complain(context, `another "pikaci serve --hooks" takes webhooks for the state root ${stateRoot}`);
    return 'refused';
  }
  const opened = await HookQueue.open(join(stateRoot, 'hooks'), MOST_WAITING).catch((error: Error) => error);
  if (opened instanceof Error) {
    complain(context, `the queue of webhooks below ${stateRoot} cannot be used: ${opened.message}`);
    await only[Symbol.asyncDispose]();
    return 'refused';
  }
  const { queue, lost, damaged } = opened;
  for (const file of damaged) complain(context, `${file} cannot be read: what it has is not run`);
  if (lost !== null)
    complain(
      context,
      `${told(lost)} was under way when the server ended, and is not run again: see "pikaci status ${lost.run_id}", and let the forge send it again`,
    );
  if (queue.length > 0) complain(context, `${queue.length} runs wait from before`);
  return {
    stateRoot,
    [Symbol.asyncDispose]: () => only[Symbol.asyncDispose](),
    receiver: {
      hook: (name) => hooks.get(name) ?? null,
      take: async ({ hook, event, ids }) => {
        const { clock, randomBytes } = context.input;
        // Four, of which no two servers make the same.
        const runId = runIdAt(clock.now(), randomBytes(4));
        const { kind, ref, commit, branch, isOwn: own } = event;
        const run = { run_id: runId, hook, kind, ref, commit, branch, own, ids: [...ids] };
        const taken = await queue.add(run).catch((error: Error) => error);
        if (taken instanceof Error) {
          complain(context, `${told(run)} was refused: it could not be kept: ${taken.message}`);
          return { kind: 'not_kept' };
        }
        if (taken === 'duplicate') return { kind: 'duplicate' };
        if (taken === 'full') {
          complain(context, `${told(run)} was refused: ${MOST_WAITING} wait already`);
          return { kind: 'full', most: MOST_WAITING };
        }
        return { kind: 'queued', runId };
      },
    },
    work: async () => {
      const { signal } = context.interrupts;
      for (;;) {
        const next = await queue.next(signal);
        if (next === null) return;
        const { run, problem } = next;
        const hook = hooks.get(run.hook);
        const why = problem ?? (hook === undefined ? '"hooks" has no such hook any more' : null);
        complain(context, `${told(run)} ${why === null ? 'begins' : `is not run: ${why}`}`);
        const ended =
          why === null && hook !== undefined ? await runForHook(context, options, { run, hook }) : null;
        if (ended !== null) complain(context, `${told(run)}: ${ended.how}`);
        try {
          await queue.ended(run, { isWhole: ended?.hasRecord === true && !signal.aborted });
        } catch (error) {
          complain(context, `${told(run)}: its end could not be kept: ${(error as Error).message}`);
        }
      }
    },
  };
}

/** The error is a sentence. */
function hooksOf(
  { input: { env } }: CliContext,
  { config, file }: LoadedConfig,
): Map<string, ReceivedHook> | string {
  const found = new Map<string, ReceivedHook>();
  for (const [name, hook] of Object.entries(config.hooks)) {
    const at = `${file ?? 'the configuration'}: hooks.${name}`;
    const secret = env[hook.secret.env] ?? '';
    if (!Object.hasOwn(config.targets, hook.target))
      return `${at}.target: there is no target "${hook.target}"`;
    if (secret.length < SHORTEST_SECRET)
      return `${at}.secret: $${hook.secret.env} ${secret === '' ? 'is not set' : `has fewer than ${SHORTEST_SECRET} characters`}; it has the secret that the forge was given`;
    found.set(name, { config: hook, secret });
  }
  return found.size === 0
    ? `${file ?? 'the configuration'}: "hooks" has none: --hooks has nothing to take`
    : found;
}

function told({ run_id, hook, branch, commit }: WaitingRun): string {
  return `hook ${hook}: run ${run_id} of ${branch} at ${commit.slice(0, 12)}`;
}
