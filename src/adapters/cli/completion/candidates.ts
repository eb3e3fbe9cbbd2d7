import type { Command } from 'commander';
import { makePlan } from '../../../domain/target/plan.js';
import { type Trust, trustSchema } from '../../../domain/values/trust.js';
import { stateRootOf } from '../commands/state-root.js';
import { absolutePath } from '../config/config-paths.js';
import { type LoadedConfig, loadConfig } from '../config/load-config.js';
import type { CliContext } from '../session/cli-context.js';
import {
  branchWords,
  type Candidate,
  hostWords,
  jobStepWords,
  jobWords,
  machineStepWords,
  machineWords,
  runWords,
  serviceWords,
} from './recorded-words.js';
import type { Wanted } from './wanted-word.js';

/** What the shell knows better: its own words for files, folders, commits and commands. */
export type ByShell = 'files' | 'directories' | 'revisions' | 'commands';

export interface Completion {
  readonly words: readonly Candidate[];
  /** Also what the shell has of these. */
  readonly byShell?: ByShell;
  /** More is to be typed behind the word. */
  readonly isOpen?: boolean;
}

const NOTHING: Completion = { words: [] };

type Source = (ask: Ask) => Completion | Promise<Completion>;

interface Ask {
  readonly context: CliContext;
  readonly wanted: Wanted;
  stateRoot(): Promise<string>;
}

const runs: Source = async ({ context, stateRoot }) => ({
  words: await runWords(context.input.runState, await stateRoot()),
});
const machines: Source = async ({ wanted, stateRoot }) => ({
  words: await machineWords(await stateRoot(), wanted.path === 'machine logs'),
});
const byShell =
  (kind: ByShell): Source =>
  () => ({ words: [], byShell: kind });
/** A machine and what is in it, or a path here. */
const copied: Source = async ({ stateRoot }) => ({
  words: (await machineWords(await stateRoot(), false)).map(({ word, about }) => ({
    word: `${word}:`,
    about,
  })),
  byShell: 'files',
  isOpen: true,
});

/** By the option's long name, or the operand's name in angle brackets. */
export const SOURCES: Readonly<Record<string, Source>> = {
  '--config': byShell('files'),
  '--changed-files': byShell('files'),
  '--summary': byShell('files'),
  '--result-path': byShell('files'),
  '--state-root': byShell('directories'),
  '--workspace': byShell('directories'),
  '--changed-since': byShell('revisions'),
  '--config-from': byShell('revisions'),
  '--host': async ({ context }) => ({ words: await hostWords(context.input.homeDir) }),
  '--branch': async ({ context, wanted, stateRoot }) =>
    wanted.path === 'list' || wanted.path === 'tests'
      ? { words: await branchWords(context.input.runState, await stateRoot()) }
      : { words: [], byShell: 'revisions' },
  '--job': (ask) => {
    if (ask.wanted.path === 'tests') return jobsOfNewest(ask);
    return ask.wanted.path === 'run' ? jobsOfTarget(ask) : jobsOfRun(ask);
  },
  '--step': async ({ context, wanted, stateRoot }) => {
    const [runId] = wanted.operands;
    const job = wanted.values['--job'];
    if (wanted.path !== 'logs' || runId === undefined || job === undefined) return NOTHING;
    return { words: await jobStepWords(context.input.runState, await stateRoot(), { runId, job }) };
  },
  '--service': async ({ context, wanted, stateRoot }) => {
    const [runId] = wanted.operands;
    const job = wanted.values['--job'];
    if (runId === undefined || job === undefined) return NOTHING;
    return { words: await serviceWords(context.input.runState, await stateRoot(), { runId, job }) };
  },
  '<target>': targets,
  '--target': targets,
  '<template>': templates,
  '<run>': runs,
  '<job>': jobsOfRun,
  '<machine>': machines,
  '<step>': async ({ wanted, stateRoot }) => ({
    words: await machineStepWords(await stateRoot(), wanted.operands[0] ?? ''),
  }),
  '<source>': copied,
  '<destination>': copied,
  '<file>': byShell('files'),
  '<script>': byShell('files'),
  '--program': byShell('files'),
  '--script': byShell('files'),
  '--code-quality': byShell('files'),
  '<command>': ({ wanted }) => {
    const before = wanted.path === 'exec' ? 0 : 1;
    return { words: [], byShell: wanted.operands.length > before ? 'files' : 'commands' };
  },
};

async function jobsOfNewest({ context, stateRoot }: Ask): Promise<Completion> {
  const root = await stateRoot();
  const [newest] = await runWords(context.input.runState, root);
  return newest === undefined
    ? NOTHING
    : { words: await jobWords(context.input.runState, root, newest.word) };
}

async function jobsOfRun({ context, wanted, stateRoot }: Ask): Promise<Completion> {
  const [runId] = wanted.operands;
  return runId === undefined
    ? NOTHING
    : { words: await jobWords(context.input.runState, await stateRoot(), runId) };
}

async function targets(ask: Ask): Promise<Completion> {
  const loaded = await configOf(ask);
  const all = Object.entries(loaded?.config.targets ?? {});
  return { words: all.map(([word, { description }]) => ({ word, about: description ?? '' })) };
}

/** Those of the configuration; the host is not asked while somebody types. */
async function templates(ask: Ask): Promise<Completion> {
  const all = Object.values((await configOf(ask))?.config.targets ?? {});
  const named = new Map(all.flatMap((target) => Object.entries(target.templates)));
  return {
    words: [...named].map(([word, { description, from }]) => ({
      word,
      about: description ?? `from ${from}`,
    })),
  };
}

async function jobsOfTarget(ask: Ask): Promise<Completion> {
  const known = (await configOf(ask))?.config.targets ?? {};
  const [name = Object.keys(known)[0] ?? ''] = ask.wanted.operands;
  const target = Object.hasOwn(known, name) ? known[name] : undefined;
  const plan = target === undefined ? null : makePlan(target);
  if (plan === null || plan.isErr()) return NOTHING;
  const jobs = new Map<string, string>();
  for (const node of plan.value.nodes) {
    if (node.kind !== 'execute') continue;
    // One of a matrix is named as a whole as well.
    jobs.set(node.baseId, node.job.description ?? '');
    jobs.set(node.id, node.job.description ?? '');
  }
  return { words: [...jobs].map(([word, about]) => ({ word, about })) };
}

function trustOf({ values }: Wanted): Trust | undefined {
  return trustSchema.safeParse(values['--trust']).data;
}

async function configOf({ context, wanted }: Ask): Promise<LoadedConfig | null> {
  const { cwd, homeDir, env, repository } = context.input;
  const { '--config': file, '--config-from': configFrom, '--workspace': workspace } = wanted.values;
  const trust = trustOf(wanted);
  const loaded = await loadConfig({
    cwd,
    homeDir,
    env,
    repository,
    cleanly: (work) => context.interrupts.cleanly(work),
    file,
    configFrom,
    trust,
    workspace,
    // As the command itself will.
    sendsWorkspace: wanted.path === 'run',
    needsFile: true,
  });
  return loaded.unwrapOr(null);
}

/** What may stand where a word is wanted; of any beginning. */
export async function candidatesFor(context: CliContext, wanted: Wanted): Promise<Completion> {
  const { word, command } = wanted;
  if (word.kind === 'command') return { words: commandWords(command) };
  if (word.kind === 'option') return { words: optionWords(wanted) };
  const { of } = word;
  if (of === undefined) return NOTHING;
  if (of.argChoices !== undefined)
    return { words: of.argChoices.map((choice) => ({ word: choice, about: '' })) };
  const name = word.kind === 'value' ? (word.of.long ?? '') : `<${word.of?.name()}>`;
  const { cwd, homeDir } = context.input;
  const stateRoot = async () => {
    const { '--config': config, '--config-from': configFrom, '--state-root': root } = wanted.values;
    const trust = trustOf(wanted);
    const found = await stateRootOf(context, {
      ...(config === undefined ? {} : { config }),
      ...(configFrom === undefined ? {} : { configFrom }),
      ...(trust === undefined ? {} : { trust }),
      ...(root === undefined ? {} : { stateRoot: root }),
    });
    return found
      .map(({ stateRoot: path }) => path)
      .unwrapOr(absolutePath('.pikaci', { baseDir: cwd, homeDir }));
  };
  return (await SOURCES[name]?.({ context, wanted, stateRoot })) ?? NOTHING;
}

function commandWords(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), about: one.summary() || one.description() }));
}

function optionWords({ command, given }: Wanted): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description, defaultValue }) =>
      long && (!given.has(long) || Array.isArray(defaultValue)) ? [{ word: long, about: description }] : [],
    );
}
