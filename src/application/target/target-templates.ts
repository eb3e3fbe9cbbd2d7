import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { templateLogsDirOf } from '../../domain/records/run-layout.js';
import { type PlanNode, planTemplates, type TemplateNode } from '../../domain/target/plan.js';
import { workspaceSchema } from '../../domain/values/path-rules.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { makeStateRoot } from '../directories/state-root.js';
import type { JobFault } from '../faults/job-fault.js';
import type { UsableTemplate } from '../template/template-need.js';
import type { Templates } from '../template/templates.js';
import { findTarget, type TargetAsk } from './find-target.js';
import { resolveTargetSecrets } from './job-input.js';
import type { RunTargetParts } from './run-target-parts.js';
import type { TargetSecrets } from './target-run.js';

/** Which templates of a target are meant, and with which workspace. */
export interface TargetTemplatesInput extends TargetAsk {
  /** Directory with their inputs. */
  readonly workspace: string;
  /** Only these, and those that they are made from. */
  readonly names?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Which templates are to be made, and who hears of it. */
export interface BuildTemplatesInput extends TargetTemplatesInput {
  /** By the names of the templates; taken from the environment, as the target says, when left out. */
  readonly secrets?: TargetSecrets;
  /** Gets what a setup says, as it comes and masked; also that of another runner, which is followed. */
  readonly onLog?: (name: string, data: Uint8Array) => void;
  /** The machine of one waits for room in the project. */
  readonly onQueued?: (name: string, why: string) => void;
  /** Called when one is there. */
  readonly onBuilt?: (built: BuiltTemplate) => void;
}

/** A template that is on the host; `cached` when it was there before. */
export interface BuiltTemplate {
  readonly name: string;
  readonly key: string;
  readonly instance: string;
  readonly cached: boolean;
}

/** What the key of a template is made of, and whether it is on the host. */
export interface TemplateInfo {
  readonly name: string;
  readonly key: string;
  readonly instance: string;
  /** `absent`: a run that needs it would make it. `foreign`: another instance has its name, and it cannot be made. */
  readonly state: 'ready' | 'making' | 'absent' | 'foreign';
  readonly ingredients: {
    /** The image by its fingerprint, or the other template by its key. */
    readonly from:
      | { readonly name: string; readonly fingerprint: string }
      | { readonly name: string; readonly key: string };
    /** Names the content of the inputs; null where there are none. */
    readonly inputsHash: string | null;
    readonly setup: string;
    readonly shell: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Names, no values. */
    readonly secrets: readonly string[];
    readonly user: string;
    readonly disk: string | null;
  };
}

export interface TargetTemplatesParts {
  readonly ports: Pick<RunTargetParts['ports'], 'clock' | 'localFiles' | 'scanner' | 'shell'>;
  readonly settings: RunTargetParts['settings'];
  readonly targets: RunTargetParts['targets'];
  readonly env: RunTargetParts['env'];
  readonly templates: Pick<Templates, 'ensure' | 'examine' | 'hold'>;
}

type Scan = () => Promise<Result<WorkspaceSnapshot, ScanFault>>;

/** The templates of a target without a run: looked at, or made. */
export class TargetTemplates {
  readonly #parts: TargetTemplatesParts;

  constructor(parts: TargetTemplatesParts) {
    this.#parts = parts;
  }

  /** Makes and changes nothing. */
  async examine(input: TargetTemplatesInput): Promise<Result<readonly TemplateInfo[], JobFault>> {
    const planned = this.#plan(input);
    if (planned.isErr()) return err(planned.error);
    const scan = this.#scan(input);
    const signal = input.signal ?? new AbortController().signal;
    const templates = new Map<string, UsableTemplate>();
    const examined: TemplateInfo[] = [];
    for (const node of planned.value) {
      const found = await this.#parts.templates.examine({ node, templates, scan, signal });
      if (found.isErr()) return err(found.error);
      const { template, parent, inputsHash, state } = found.value;
      templates.set(node.id, template);
      const from = { name: node.from, ...parent };
      const { key, instance } = template;
      examined.push({
        name: node.id,
        key,
        instance,
        state,
        ingredients: ingredientsOf(node, from, inputsHash),
      });
    }
    return ok(examined);
  }

  /** Makes what is not there, one after the other; the first that fails ends it. */
  async build(input: BuildTemplatesInput): Promise<Result<readonly BuiltTemplate[], JobFault>> {
    const planned = this.#plan(input);
    if (planned.isErr()) return err(planned.error);
    const { localFiles, clock } = this.#parts.ports;
    const { stateRoot, trust } = this.#parts.settings;
    const nodes = planned.value.map(
      (node): PlanNode => ({
        kind: 'prepare',
        id: node.id,
        description: '',
        dependsOn: [],
        requires: [],
        outputs: [],
        when: 'on_success',
        allowFailure: false,
        prepare: node,
      }),
    );
    const { secrets: given } = input;
    const secrets = resolveTargetSecrets(nodes, { trust, secrets: given, env: this.#parts.env });
    if (secrets.isErr()) return err(this.#fault('invalid_job', secrets.error.message, secrets.error.field));
    const rooted = await makeStateRoot(localFiles, stateRoot);
    if (rooted.isErr()) return err(rooted.error);
    // What was said is handed on as it comes; the file is where a lost connection goes on from.
    const logs = `${templateLogsDirOf(stateRoot)}/${runIdAt(clock.now(), randomBytes(3))}`;
    await localFiles.makeDirectory(logs);
    try {
      return await this.#buildEach(planned.value, input, { secrets: secrets.value, logs });
    } finally {
      await localFiles.remove(logs, { recursive: true });
    }
  }

  async #buildEach(
    nodes: readonly TemplateNode[],
    input: BuildTemplatesInput,
    { secrets, logs }: { readonly secrets: TargetSecrets; readonly logs: string },
  ): Promise<Result<readonly BuiltTemplate[], JobFault>> {
    const scan = this.#scan(input);
    const signal = input.signal ?? new AbortController().signal;
    const templates = new Map<string, UsableTemplate>();
    const built: BuiltTemplate[] = [];
    await using hold = this.#parts.templates.hold();
    for (const node of nodes) {
      const guestLog = `${logs}/${node.id}.log`;
      const made = await this.#parts.templates.ensure({
        node,
        templates,
        scan,
        signal,
        secrets: secrets[node.id] ?? {},
        onUpload: () => {},
        log: { guestLog, guestLogPosition: `${guestLog}.position.json` },
        onLog: (data) => input.onLog?.(node.id, data),
        onQueued: (why) => {
          if (why !== null) input.onQueued?.(node.id, why);
          return () => {};
        },
      });
      if (made.isErr()) return err(made.error);
      const { template, cached } = made.value;
      templates.set(node.id, template);
      hold.keep(template.key);
      const one = { name: node.id, key: template.key, instance: template.instance, cached };
      built.push(one);
      input.onBuilt?.(one);
    }
    return ok(built);
  }

  #plan(input: TargetTemplatesInput): Result<readonly TemplateNode[], JobFault> {
    const workspace = workspaceSchema.safeParse(input.workspace);
    if (!workspace.success)
      return err(this.#fault('invalid_job', 'workspace: a folder is expected', 'workspace'));
    const target = findTarget(this.#parts.targets, input);
    if (target.isErr()) return err(this.#fault('invalid_plan', target.error.message, target.error.field));
    return planTemplates(target.value, input.names).mapErr(({ path, message }) =>
      this.#fault('invalid_plan', `target ${input.target}: ${message}`, path.join(' → ')),
    );
  }

  /** Once, and only when a template has inputs. */
  #scan({ workspace, signal }: TargetTemplatesInput): Scan {
    let scanned: ReturnType<Scan> | null = null;
    return () => {
      scanned ??= this.#parts.ports.scanner.scan(workspace, signal === undefined ? {} : { signal });
      return scanned;
    };
  }

  #fault(kind: JobFault['kind'], message: string, field?: string): JobFault {
    const { host } = this.#parts.ports.shell;
    return { kind, phase: null, host, message, ...(field === undefined ? {} : { field }) };
  }
}

function ingredientsOf(
  { setup, shell, env, secrets, runAsRoot, user, limits }: TemplateNode,
  from: TemplateInfo['ingredients']['from'],
  inputsHash: string | null,
): TemplateInfo['ingredients'] {
  return {
    from,
    inputsHash,
    setup,
    shell,
    env,
    secrets: Object.keys(secrets).sort(),
    user: runAsRoot ? 'root' : (user ?? 'pikaci'),
    disk: limits.disk ?? null,
  };
}
