import { err, ok, type Result } from 'neverthrow';
import type { JobSpecInput } from '../../domain/job/job-spec.js';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { ExecuteNode, PlanNode } from '../../domain/target/plan.js';
import { secretFrom } from '../../domain/values/secret-from.js';
import type { Trust } from '../../domain/values/trust.js';
import type { TargetSecrets } from './target-run.js';

export interface SecretSources {
  readonly secrets: TargetSecrets | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly trust: Trust;
}

/** The secrets of every job and template, found before anything begins; the error is a sentence that names the variable, never a value. */
export function resolveTargetSecrets(
  nodes: readonly PlanNode[],
  { secrets, env, trust }: SecretSources,
): Result<TargetSecrets, { readonly field: string; readonly message: string }> {
  const found: Record<string, Record<string, string>> = {};
  for (const node of nodes) {
    const declared = secretsOf(node);
    if (declared === null) continue;
    const values: Record<string, string> = {};
    for (const [name, { env: variable, untrusted }] of Object.entries(declared.secrets)) {
      if (trust === 'untrusted' && untrusted !== true) continue;
      const given = secrets?.[declared.id];
      const own = given !== undefined && Object.hasOwn(given, name) ? given[name] : undefined;
      const value = own ? ok(own) : secretFrom(variable, own ?? env[variable]);
      if (value.isErr()) {
        const field = `${declared.field}.secrets.${name}`;
        return err({ field, message: `${field}: ${value.error}` });
      }
      values[name] = value.value;
    }
    found[node.id] = values;
  }
  return ok(found);
}

interface DeclaredSecrets {
  /** Under which a caller hands them in. */
  readonly id: string;
  readonly field: string;
  readonly secrets: ExecuteNode['job']['secrets'];
}

function secretsOf(node: PlanNode): DeclaredSecrets | null {
  if (node.kind === 'execute')
    return { id: node.baseId, field: `jobs.${node.baseId}`, secrets: node.job.secrets };
  if (node.prepare.type !== 'template') return null;
  return { id: node.id, field: `templates.${node.id}`, secrets: node.prepare.secrets };
}

/** What `runJob` takes: the target's own keys are gone, and the outputs that the job depends on are there. */
export function jobInput(
  node: ExecuteNode,
  secrets: Readonly<Record<string, string>>,
  outputs: ReadonlyMap<string, RealizedPreparedOutput>,
): JobSpecInput {
  const {
    description: _,
    dependsOn: _1,
    matrix: _2,
    template: _3,
    when: _4,
    allowFailure: _5,
    artifactsFrom: _6,
    ...job
  } = node.job;
  const prepared = node.outputs.flatMap((id) => {
    const output = outputs.get(id);
    return output === undefined ? [] : [{ name: id, path: output.realized_path }];
  });
  return { ...job, secrets, preparedOutputs: [...job.preparedOutputs, ...prepared] };
}
