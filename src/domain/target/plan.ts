import { err, ok, type Result } from 'neverthrow';
import { artifactPatterns } from '../job/artifact-wishes.js';
import type { NodeCondition } from '../values/node-condition.js';
import { type ExpandedJob, expandMatrix } from './matrix.js';
import { preparedVariable } from './prepared-variable.js';
import type { PrepareConfig, TargetConfig } from './target-config.js';
import type { TemplateConfig } from './template-config.js';

/** Each is a mount of its own. */
const MOST_SOURCES = 64;

interface Node {
  readonly id: string;
  readonly description: string;
  /** Ids of nodes of this plan; for one that waits for everything else, that. */
  readonly dependsOn: readonly string[];
  /** Those of them without which it cannot begin, whatever `when` says: the templates of its machines. */
  readonly requires: readonly string[];
  /** Those of them that it names and that make something for it: prepare nodes and templates. */
  readonly outputs: readonly string[];
  readonly when: NodeCondition;
  readonly allowFailure: boolean;
}
/** A template that jobs of the plan, or their templates, are copies of. */
export type TemplateNode = TemplateConfig & { readonly type: 'template'; readonly id: string };
export interface PrepareNode extends Node {
  readonly kind: 'prepare';
  readonly prepare: PrepareConfig | TemplateNode;
}
export interface ExecuteNode extends Node, Pick<ExpandedJob, 'baseId' | 'job'> {
  readonly kind: 'execute';
  /** Ids of those jobs of `dependsOn` whose artifacts it mounts. */
  readonly artifactsFrom: readonly string[];
}
export type PlanNode = PrepareNode | ExecuteNode;

/** Nodes in an order in which each stands after all that it depends on. */
export interface Plan {
  readonly nodes: readonly PlanNode[];
}

/** The target cannot be planned. `path` leads there: the node and what it names, or the cycle from its first node back to it. */
export interface PlanFault {
  readonly kind:
    | 'duplicate_node'
    | 'unknown_dependency'
    | 'dependency_cycle'
    | 'no_artifacts'
    | 'invalid_matrix'
    | 'unknown_job'
    | 'unknown_template';
  readonly path: readonly string[];
  readonly message: string;
}

/** Plans the jobs that were asked for (all, when none is named), with everything that they depend on. */
export function makePlan(target: TargetConfig, jobs: readonly string[] = []): Result<Plan, PlanFault> {
  const expanded: ExpandedJob[] = [];
  for (const job of target.jobs) {
    const each = expandMatrix(job);
    if (each.isErr()) return err(fault('invalid_matrix', [job.id], `the matrix of ${job.id} ${each.error}`));
    expanded.push(...each.value);
  }
  const twice = duplicate([
    ...target.prepare.map(({ id }) => id),
    ...Object.keys(target.templates),
    ...expanded.map(({ id }) => id),
  ]);
  if (twice !== undefined)
    return err(fault('duplicate_node', [twice], `two nodes of the target are called ${twice}`));

  const nodes = new Map<string, PlanNode>();
  for (const prepare of target.prepare) {
    const unknown = prepare.dependsOn.find((name) => !target.prepare.some(({ id }) => id === name));
    if (unknown !== undefined) return err(unknownDependency(prepare.id, unknown, target.prepare));
    const { id, dependsOn, description = '' } = prepare;
    const [one, other] = sameVariable(dependsOn);
    if (one !== undefined && other !== undefined && prepare.type === 'command') {
      const message = `${id} would find both ${one} and ${other} in ${preparedVariable(one)}; give one of them another id`;
      return err(fault('duplicate_node', [id, one, other], message));
    }
    const outputs = unique(dependsOn);
    const node = { kind: 'prepare', id, description, dependsOn: outputs, requires: [], outputs } as const;
    nodes.set(id, { ...node, ...conditionOf(prepare), prepare });
  }
  for (const node of templateNodes(target)) nodes.set(node.id, node);
  for (const { id, baseId, job } of expanded) {
    const requires = unique(templatesOf(job));
    const dependsOn = [...requires];
    for (const name of job.dependsOn) {
      const meant = meantBy(name, target, expanded);
      if (meant.length === 0) return err(unknownDependency(id, name, [...target.prepare, ...expanded]));
      dependsOn.push(...meant);
    }
    const sources = artifactSources({ id, job }, target, expanded);
    if (sources.isErr()) return err(sources.error);
    const artifactsFrom = sources.value;
    const { description = '' } = job;
    const all = unique([...dependsOn, ...artifactsFrom]);
    const outputs = all.filter((need) => nodes.get(need)?.kind === 'prepare');
    const node = { kind: 'execute', id, baseId, description, dependsOn: all, requires, outputs } as const;
    nodes.set(id, { ...node, ...conditionOf(job), artifactsFrom, job });
  }
  const wanted = jobs.map((name) => ({ name, ids: expanded.filter(named(name)).map(({ id }) => id) }));
  const missing = wanted.find(({ ids }) => ids.length === 0);
  if (missing !== undefined) {
    const known = target.jobs.map(({ id }) => id).join(', ');
    return err(fault('unknown_job', [missing.name], `there is no job ${missing.name}; there is ${known}`));
  }
  const asked = new Set(wanted.flatMap(({ ids }) => ids));
  // A template that no job is a copy of is not made.
  const roots = [...nodes.keys()].filter(
    (id) => (jobs.length === 0 && !Object.hasOwn(target.templates, id)) || asked.has(id),
  );
  return ordered(nodes, roots).map((order) => ({ nodes: afterAllElse(order) }));
}

/** The jobs whose artifacts one has: each brings back something, and none is the job itself, which would be a cycle. */
function artifactSources(
  { id, job }: Pick<ExpandedJob, 'id' | 'job'>,
  target: TargetConfig,
  expanded: readonly ExpandedJob[],
): Result<readonly string[], PlanFault> {
  const sources: string[] = [];
  for (const name of job.artifactsFrom) {
    const meant = expanded.filter(named(name));
    const isPrepared = target.prepare.some((node) => node.id === name);
    const refuse = (why: string) => err(fault('no_artifacts', [id, name], `${id}: artifactsFrom: ${why}`));
    if (isPrepared)
      return refuse(`${name} is a prepare node, which has an output: name it in "dependsOn" instead`);
    if (meant.length === 0) return err(unknownDependency(id, name, expanded));
    const idle = meant.find((one) => !bringsBack(one.job));
    if (idle !== undefined)
      return refuse(`${name} brings nothing back: say in its "artifacts" which files these are`);
    sources.push(...meant.map((one) => one.id));
  }
  const each = unique(sources);
  if (each.length <= MOST_SOURCES) return ok(each);
  const why = `the artifacts of ${each.length} jobs are more than the ${MOST_SOURCES} that one may have`;
  return err(fault('no_artifacts', [id], `${id}: artifactsFrom: ${why}`));
}

function bringsBack({ artifacts, reports }: ExpandedJob['job']): boolean {
  return artifactPatterns(artifacts).length > 0 || reports !== undefined;
}

/** The templates that were asked for (all, when none is named), each after the one that it is made from. */
export function planTemplates(
  target: TargetConfig,
  names: readonly string[] = [],
): Result<readonly TemplateNode[], PlanFault> {
  const nodes = new Map(templateNodes(target).map((node) => [node.id, node]));
  const missing = names.find((name) => !nodes.has(name));
  if (missing !== undefined) {
    const known = [...nodes.keys()].join(', ') || 'none';
    const message = `there is no template ${missing}; the target has ${known}`;
    return err(fault('unknown_template', [missing], message));
  }
  const planned = ordered(nodes, names.length === 0 ? [...nodes.keys()] : names);
  return planned.map((order) => order.flatMap(({ prepare }) => prepare));
}

/** Of its own machine, and of those beside it. */
function templatesOf({ template, services = [] }: ExpandedJob['job']): string[] {
  return [template, ...services.map((service) => service.template)].flatMap((name) => name ?? []);
}

type PlannedTemplate = PrepareNode & { readonly prepare: TemplateNode };

function templateNodes(target: TargetConfig): readonly PlannedTemplate[] {
  return Object.entries(target.templates).map(([id, template]) => ({
    kind: 'prepare',
    id,
    description: template.description ?? '',
    ...ofTemplate(Object.hasOwn(target.templates, template.from) ? [template.from] : []),
    prepare: { type: 'template', id, ...template },
  }));
}

const ofTemplate = (dependsOn: readonly string[]) =>
  ({ dependsOn, requires: dependsOn, outputs: dependsOn, when: 'on_success', allowFailure: false }) as const;

function conditionOf({
  when = 'on_success',
  allowFailure = false,
}: Pick<ExpandedJob['job'], 'when' | 'allowFailure'>) {
  return { when, allowFailure };
}

/**
 * What runs after a failure, or in any case, and names nothing that it waits for, waits for everything else of the plan: for all but others
 * such as it, and what comes after these.
 */
function afterAllElse(nodes: readonly PlanNode[]): readonly PlanNode[] {
  const isLast = ({ when, dependsOn, requires }: PlanNode) =>
    when !== 'on_success' && dependsOn.length === requires.length;
  const late = new Set<string>();
  // Each stands after all that it depends on.
  for (const node of nodes) if (isLast(node) || node.dependsOn.some((id) => late.has(id))) late.add(node.id);
  if (late.size === 0) return nodes;
  const first = nodes.filter(({ id }) => !late.has(id));
  const all = first.map(({ id }) => id);
  const rest = nodes.filter(({ id }) => late.has(id));
  return [...first, ...rest.map((node) => (isLast(node) ? { ...node, dependsOn: all } : node))];
}

const named = (name: string) => (job: ExpandedJob) => job.id === name || job.baseId === name;

function meantBy(name: string, target: TargetConfig, jobs: readonly ExpandedJob[]): readonly string[] {
  if (target.prepare.some(({ id }) => id === name)) return [name];
  return jobs.filter(named(name)).map(({ id }) => id);
}

/** Depth first; a node that is met again on the way to itself closes a cycle, and the way is its path. */
function ordered<N extends Node>(
  nodes: ReadonlyMap<string, N>,
  roots: readonly string[],
): Result<readonly N[], PlanFault> {
  const done = new Set<string>();
  const order: N[] = [];
  const visit = (id: string, way: readonly string[]): PlanFault | null => {
    if (done.has(id)) return null;
    const met = way.indexOf(id);
    if (met !== -1) {
      const cycle = [...way.slice(met), id];
      return fault('dependency_cycle', cycle, `these depend on each other: ${cycle.join(' → ')}`);
    }
    const node = nodes.get(id);
    if (node === undefined) return null;
    for (const next of node.dependsOn) {
      const cycle = visit(next, [...way, id]);
      if (cycle !== null) return cycle;
    }
    done.add(id);
    order.push(node);
    return null;
  };
  for (const root of roots) {
    const cycle = visit(root, []);
    if (cycle !== null) return err(cycle);
  }
  return ok(order);
}

function unknownDependency(id: string, name: string, known: readonly { readonly id: string }[]): PlanFault {
  const others = known.map((one) => one.id).filter((other) => other !== id);
  const message = `${id} → ${name}: there is no ${name}; ${id} may depend on ${others.join(', ') || 'nothing'}`;
  return fault('unknown_dependency', [id, name], message);
}

function fault(kind: PlanFault['kind'], path: readonly string[], message: string): PlanFault {
  return { kind, path, message };
}

function duplicate(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) !== index);
}

/** Two ids that a command would find in one variable; none, when there are no such two. */
function sameVariable(ids: readonly string[]): readonly string[] {
  const known = new Map<string, string>();
  for (const id of ids) {
    const first = known.get(preparedVariable(id));
    if (first !== undefined && first !== id) return [first, id];
    known.set(preparedVariable(id), id);
  }
  return [];
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
