import type { Result } from 'neverthrow';
import type { PrepareNode, TemplateNode } from '../../domain/target/plan.js';
import type { TargetJob } from '../../domain/target/target-config.js';
import type { Clock } from '../../ports/clock.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import type { UsableTemplate } from '../template/template-need.js';
import type { MadeTemplate, TemplateAsk } from '../template/templates.js';
import type { RunReporter } from './run-reporter.js';
import type { RunWorkspace } from './run-workspace.js';
import type { TargetSecrets } from './target-run.js';

/** Makes templates, and keeps in use those that it is told of. */
export interface TemplateMaker {
  ensure(ask: TemplateAsk): Promise<Result<MadeTemplate, JobFault>>;
  hold(): AsyncDisposable & { keep(key: string): void };
}

export interface RunTemplatesInput {
  readonly maker: TemplateMaker;
  readonly workspace: RunWorkspace;
  /** By the ids of the plan's nodes. */
  readonly secrets: TargetSecrets;
  readonly reporter: () => RunReporter;
  readonly clock: Clock;
}

/** The templates of one run: found or made as its nodes come to their turn, and kept in use while it goes on. */
export class RunTemplates implements AsyncDisposable {
  readonly #input: RunTemplatesInput;
  readonly #hold: ReturnType<TemplateMaker['hold']>;
  readonly #usable = new Map<string, UsableTemplate>();

  constructor(input: RunTemplatesInput) {
    this.#input = input;
    this.#hold = input.maker.hold();
  }

  async ensure(
    node: PrepareNode & { readonly prepare: TemplateNode },
    log: string,
    signal: AbortSignal,
  ): Promise<Result<MadeTemplate, JobFault>> {
    const { maker, workspace, secrets, reporter, clock } = this.#input;
    const made = await maker.ensure({
      node: node.prepare,
      templates: this.#usable,
      secrets: secrets[node.id] ?? {},
      scan: () => workspace.scan(),
      onUpload: ({ bytes, totalBytes }) => {
        const about = { node_id: node.id, kind: node.kind };
        reporter().report({ type: 'node_upload_progress', ...about, bytes, total_bytes: totalBytes });
      },
      onQueued: (why) => {
        const about = { node_id: node.id, kind: node.kind };
        const began = clock.monotonic();
        reporter().report({ type: 'node_queued', ...about, message: why ?? '' });
        return (ok) =>
          reporter().report({
            type: 'node_queue_left',
            ...about,
            duration_ms: clock.monotonic() - began,
            ok,
          });
      },
      log: { guestLog: log, guestLogPosition: `${log}.position.json` },
      signal,
    });
    if (made.isOk()) {
      this.#usable.set(node.id, made.value.template);
      this.#hold.keep(made.value.template.key);
    }
    return made;
  }

  /** What the machine of a job is made from that names a template, and those of its services, by the names of theirs. */
  basesOf({ template, services = [] }: Pick<TargetJob, 'template' | 'services'>): {
    readonly base?: MachineBaseSource;
    readonly serviceBases: ReadonlyMap<string, MachineBaseSource>;
  } {
    const base = this.#baseOf(template);
    const found = services.flatMap((service) => {
      const beside = this.#baseOf(service.template);
      return service.template === undefined || beside === undefined
        ? []
        : [[service.template, beside] as const];
    });
    return { ...(base === undefined ? {} : { base }), serviceBases: new Map(found) };
  }

  #baseOf(template: string | undefined): MachineBaseSource | undefined {
    return template === undefined ? undefined : this.#usable.get(template)?.base;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hold[Symbol.asyncDispose]();
  }
}
