import { planRecordOf } from '../../../application/target/plan-record-of.js';
import { cachesOf } from '../../../domain/job/job-caches.js';
import { withShells } from '../../../domain/job/job-shells.js';
import { DEFAULT_SHELL, shellOf } from '../../../domain/machine/command-shell.js';
import { BUILT_IN_LIMITS, type MachineLimits } from '../../../domain/machine/machine-limits.js';
import type { TargetInfoDocument } from '../../../domain/records/state-documents.js';
import { makePlan, type PlanNode } from '../../../domain/target/plan.js';
import { bytesOf } from '../../../domain/values/byte-size.js';
import { escapeLine } from '../output/escape-control.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { templatesDocument, templatesLines, templatesOf } from './examined-templates.js';
import { inheritedLines, inheritedOf } from './inherited-network.js';
import { selectTarget } from './select-target.js';
import { printJson } from './state-root.js';
import { type HostOptions, loadOrComplain } from './with-pikaci.js';

export interface TargetInfoOptions extends HostOptions {
  readonly json?: boolean;
}

/** `pikaci target-info`: what a run of a target would do, in the order in which it would. */
export async function targetInfoCommand(
  context: CliContext,
  name: string | undefined,
  options: TargetInfoOptions,
): Promise<number> {
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return EXIT.usage;
  const selected = selectTarget({ targets: loaded.config.targets, target: name, jobs: [] });
  const plan = selected.isOk() ? makePlan(selected.value.target) : null;
  if (selected.isErr() || plan === null || plan.isErr()) {
    complain(context, selected.isErr() ? selected.error : 'the target cannot be planned');
    return EXIT.usage;
  }
  const { target, targetName } = selected.value;
  const record = planRecordOf({
    runId: '',
    targetId: targetName,
    target,
    plan: plan.value,
    selectedJobs: [],
    createdAt: '',
  });
  const examined = await templatesOf(context, loaded, { target, targetName });
  const caches = cachesByJob(plan.value.nodes);
  const document: TargetInfoDocument = {
    type: 'target_info',
    schema_version: 1,
    target_id: targetName,
    description: target.description ?? null,
    parallel: target.parallel,
    fail_fast: target.failFast,
    filters: [...target.filters],
    nodes: record.nodes,
    ...(loaded.config.backend === 'incus'
      ? { limits: limitsOf(plan.value.nodes, loaded.config.incus.limits) }
      : {}),
    shells: shellsOf(plan.value.nodes),
    ...(Object.keys(caches).length === 0 ? {} : { caches }),
    ready: readyOf(plan.value.nodes),
    workspace: { exclude: [...loaded.config.workspace.exclude], git: loaded.config.workspace.git },
    inherit: await inheritedOf(context, loaded),
    ...templatesDocument(examined),
  };
  if (options.json === true) printJson(context, document);
  else
    context.stdout.write(
      `${[...infoLines(document), ...templatesLines(examined), ...warningOfShell(plan.value.nodes)].join('\n')}\n`,
    );
  return EXIT.passed;
}

/** As far as they can be told without the host: a profile's are in place of the built-in ones. */
function limitsOf(
  nodes: readonly PlanNode[],
  configured: MachineLimits,
): NonNullable<TargetInfoDocument['limits']> {
  return Object.fromEntries(
    nodes.flatMap((node) => {
      if (node.kind !== 'execute') return [];
      const { limits, instanceType } = node.job;
      const builtIn: MachineLimits = instanceType === 'container' ? BUILT_IN_LIMITS : {};
      const of = <K extends keyof MachineLimits>(name: K) =>
        limits[name] ?? configured[name] ?? builtIn[name] ?? null;
      return [
        [node.id, { cpu: of('cpu'), memory: of('memory'), processes: of('processes'), disk: of('disk') }],
      ];
    }),
  );
}

function shellsOf(nodes: readonly PlanNode[]): NonNullable<TargetInfoDocument['shells']> {
  return Object.fromEntries(
    nodes.flatMap((node) => {
      if (node.kind !== 'execute') return [];
      const { command, shell, steps } = withShells(node.job);
      const words =
        steps === undefined
          ? [shellOf(command ?? '', shell)]
          : steps.map((step) => shellOf(step.command, step.shell));
      return [[node.id, words]];
    }),
  );
}

/** Of the jobs that have some; keys as they are written, since only a run has a workspace. */
function cachesByJob(nodes: readonly PlanNode[]): NonNullable<TargetInfoDocument['caches']> {
  return Object.fromEntries(
    nodes.flatMap((node) => {
      if (node.kind !== 'execute') return [];
      const caches = cachesOf(node.job).map(({ path, key, restoreKeys, save, maxBytes }) => ({
        path,
        key,
        restore_keys: restoreKeys,
        save,
        max_bytes: bytesOf(maxBytes),
      }));
      return caches.length === 0 ? [] : [[node.id, caches]];
    }),
  );
}

/** What the jobs say themselves; of the rest their images decide. */
function readyOf(nodes: readonly PlanNode[]): NonNullable<TargetInfoDocument['ready']> {
  return Object.fromEntries(
    nodes.flatMap((node) => {
      if (node.kind !== 'execute' || node.job.ready === undefined) return [];
      const { init = null, network = null, command = null, timeoutSecs } = node.job.ready;
      return [[node.id, { init, network, command, timeout_secs: timeoutSecs }]];
    }),
  );
}

function readyText(ready: NonNullable<TargetInfoDocument['ready']>[string] | undefined): string {
  if (ready === undefined) return '';
  const { init, network, command, timeout_secs: secs } = ready;
  const said = [
    ...(init === null ? [] : [`${init ? '' : 'no '}init`]),
    ...(network === null ? [] : [`${network ? '' : 'no '}network`]),
    ...(command === null ? [] : [escapeLine(command)]),
  ];
  return `, waits ${secs} s at most${said.length === 0 ? '' : ` for: ${said.join(', ')}`}`;
}

/** Each shell once, in the order of the steps. */
function shellText(shells: NonNullable<TargetInfoDocument['shells']>[string] | undefined): string {
  const said = [...new Set((shells ?? []).map((words) => words.join(' ')))];
  return said.length === 0 ? '' : `, run by ${said.map((words) => escapeLine(words)).join(' and ')}`;
}

interface ShellCommand {
  readonly command?: string | undefined;
  readonly shell?: readonly string[] | undefined;
}

/** Whoever comes from an older pikaci is used to another meaning; those who say what they want are not told. */
function warningOfShell(nodes: readonly PlanNode[]): string[] {
  const commands = nodes.flatMap((node): readonly ShellCommand[] => {
    if (node.kind !== 'execute') return [];
    const { steps, ...job } = withShells(node.job);
    return steps ?? [job];
  });
  const isChanged = ({ command = '', shell }: ShellCommand) =>
    command.trim().includes('\n') && shellOf(command, shell).join(' ') === DEFAULT_SHELL.join(' ');
  if (!commands.some(isChanged)) return [];
  return [
    '  a command of several lines stops at the first that fails, since 0.2 ("shell": "sh" is the old way)',
  ];
}

function limitsText(limits: NonNullable<TargetInfoDocument['limits']>[string] | undefined): string {
  const given = Object.entries(limits ?? {}).filter(([, value]) => value !== null);
  return given.length === 0 ? '' : ` (${given.map(([name, value]) => `${name} ${value}`).join(', ')})`;
}

function infoLines(info: TargetInfoDocument): string[] {
  const failFast = info.fail_fast ? ', the first failure ends the run' : '';
  return [
    `${info.target_id}${info.description === null ? '' : `: ${escapeLine(info.description)}`}`,
    `  at most ${info.parallel} at the same time${failFast}`,
    ...(info.filters.length === 0
      ? []
      : [`  only for changes in ${info.filters.map(escapeLine).join(', ')}`]),
    ...workspaceLines(info.workspace),
    ...inheritedLines(info.inherit),
    ...info.nodes.map((node) => {
      const what = node.kind === 'prepare' ? `prepare (${node.prepare.type})` : 'job';
      const after = `${node.depends_on.length === 0 ? '' : `, after ${node.depends_on.join(', ')}`}${artifactsText(node)}${conditionText(node)}`;
      const description = node.description === '' ? '' : `: ${escapeLine(node.description)}`;
      const caches = info.caches?.[node.id] ?? [];
      const kept = caches
        .map(({ path, key }) => `\n    cache ${escapeLine(path)} (${escapeLine(key)})`)
        .join('');
      return `  ${what} ${node.id}${shellText(info.shells?.[node.id])}${limitsText(info.limits?.[node.id])}${readyText(info.ready?.[node.id])}${after}${description}${kept}`;
    }),
  ];
}

function workspaceLines(workspace: TargetInfoDocument['workspace']): string[] {
  const { exclude = [], git = 'none' } = workspace ?? {};
  return [
    ...(exclude.length === 0
      ? []
      : [`  without these of the workspace: ${exclude.map(escapeLine).join(', ')}`]),
    ...(git === 'none' ? [] : [`  with a .git of ${git === 'full' ? 'all history' : 'one commit'} (${git})`]),
  ];
}

function artifactsText(node: TargetInfoDocument['nodes'][number]): string {
  const from = node.kind === 'execute' ? (node.artifacts_from ?? []) : [];
  return from.length === 0 ? '' : `, with the artifacts of ${from.join(', ')}`;
}

function conditionText({ when, allow_failure }: TargetInfoDocument['nodes'][number]): string {
  const begins = { on_success: '', on_failure: ', when one of these has failed', always: ', in any case' };
  return `${begins[when ?? 'on_success']}${allow_failure === true ? ', which may fail' : ''}`;
}
