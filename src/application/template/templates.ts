import { err, ok, type Result } from 'neverthrow';
import type { TemplateNode } from '../../domain/target/plan.js';
import { templateKey } from '../../domain/target/template-key.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { resolveImage } from '../machine/incus/prepare-runtime.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { StageProgress } from '../snapshot/upload-snapshot.js';
import { ensureTemplate } from './ensure-template.js';
import { copyOfTemplate } from './make-template.js';
import { templateInputs } from './stage-inputs.js';
import { TemplateHold } from './template-hold.js';
import type { TemplateParts } from './template-parts.js';
import type { TemplateCall } from './template-request.js';

/** A template that jobs, or other templates, may be copies of. */
export interface UsableTemplate {
  readonly key: string;
  /** The instance on the host. */
  readonly instance: string;
  readonly base: MachineBaseSource;
}

export interface TemplateAsk extends TemplateCall {
  readonly node: TemplateNode;
  /** Those of the plan that are there already, by their names. */
  readonly templates: ReadonlyMap<string, UsableTemplate>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly scan: () => Promise<Result<WorkspaceSnapshot, ScanFault>>;
  readonly onUpload: (progress: StageProgress) => void;
}

/** A template that was asked for, and whether somebody had made it before. */
export interface MadeTemplate {
  readonly template: UsableTemplate;
  readonly cached: boolean;
}

/** Templates for a run: what they are made from is found out, and then they are found, or made. */
export class Templates {
  readonly #parts: TemplateParts;
  readonly #stageSnapshot: Pick<StageSnapshot, 'stage'>;

  constructor(parts: TemplateParts, stageSnapshot: Pick<StageSnapshot, 'stage'>) {
    this.#parts = parts;
    this.#stageSnapshot = stageSnapshot;
  }

  /** For one run. */
  hold(): TemplateHold {
    return new TemplateHold(this.#parts);
  }

  async ensure(ask: TemplateAsk): Promise<Result<MadeTemplate, JobFault>> {
    const { node, signal, templates, secrets, scan, log } = ask;
    const { host } = this.#parts.ports.incus;
    const parent = templates.get(node.from);
    const base: Result<MachineBaseSource, JobFault> =
      parent === undefined ? await this.#image(node.from, signal) : ok(parent.base);
    if (base.isErr()) return err(base.error);
    const inputs = await templateInputs(scan, node, host);
    if (inputs.isErr()) return err(inputs.error);
    const { fingerprint } = base.value.image;
    const key = templateKey({
      parent: parent === undefined ? { fingerprint } : { key: parent.key },
      config: node,
      inputsHash: inputs.value?.hash ?? null,
    });
    const ensured = await ensureTemplate(
      this.#parts,
      {
        node,
        key,
        base: base.value,
        secrets,
        stageInputs: async (bound) => {
          if (inputs.value === null) return ok(null);
          const { snapshot } = inputs.value;
          const call = { signal: bound, onProgress: ask.onUpload };
          const staged = await this.#stageSnapshot.stage(snapshot, call);
          return staged.map(() => snapshot.contentHash);
        },
      },
      { signal, log },
    );
    return ensured.map(({ template: { instance }, cached }) => ({
      cached,
      template: { key, instance, base: copyOfTemplate(instance, base.value.image) },
    }));
  }

  async #image(alias: string, signal: AbortSignal): Promise<Result<MachineBaseSource, JobFault>> {
    const { ports, settings } = this.#parts;
    const bound = AbortSignal.any([signal, awakeBound(60_000)]);
    const place = { incusProject: settings.incusProject, incusImageAlias: alias };
    const image = await resolveImage(ports.incus, place, bound);
    return image.map((found) => ({ image: found }));
  }
}
