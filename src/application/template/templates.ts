import { err, ok, type Result } from 'neverthrow';
import { templateInstanceName } from '../../domain/machine/template-place.js';
import type { TemplateParent } from '../../domain/target/template-key.js';
import type { JobFault } from '../faults/job-fault.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { StageProgress } from '../snapshot/upload-snapshot.js';
import { ensureTemplate } from './ensure-template.js';
import { copyOfTemplate } from './make-template.js';
import { TemplateHold } from './template-hold.js';
import type { FoundTemplate } from './template-home.js';
import { type NeedAsk, templateNeed, type UsableTemplate } from './template-need.js';
import type { TemplateParts } from './template-parts.js';
import type { TemplateCall } from './template-request.js';

export interface TemplateAsk extends TemplateCall, NeedAsk {
  readonly secrets: Readonly<Record<string, string>>;
  readonly onUpload: (progress: StageProgress) => void;
}

/** A template that was asked for, and whether somebody had made it before. */
export interface MadeTemplate {
  readonly template: UsableTemplate;
  readonly cached: boolean;
}

/** What a template would be made from, and what is on the host of it. */
export interface ExaminedTemplate {
  readonly template: UsableTemplate;
  readonly parent: TemplateParent;
  /** Names the content of the inputs; null where there are none. */
  readonly inputsHash: string | null;
  readonly state: FoundTemplate['kind'];
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
    const { node, signal, secrets, log, onLog, onQueued } = ask;
    const needed = await templateNeed(this.#parts, ask);
    if (needed.isErr()) return err(needed.error);
    const { key, base, inputs } = needed.value;
    const ensured = await ensureTemplate(
      this.#parts,
      {
        node,
        key,
        base,
        secrets,
        stageInputs: async (bound) => {
          if (inputs === null) return ok(null);
          const { snapshot } = inputs;
          const call = { signal: bound, onProgress: ask.onUpload };
          const staged = await this.#stageSnapshot.stage(snapshot, call);
          return staged.map(() => snapshot.contentHash);
        },
      },
      { signal, log, onLog, onQueued },
    );
    return ensured.map(({ template: { instance }, cached }) => ({
      cached,
      template: { key, instance, base: copyOfTemplate(instance, base.image) },
    }));
  }

  /** Looks, and makes nothing. */
  async examine(ask: NeedAsk): Promise<Result<ExaminedTemplate, JobFault>> {
    const needed = await templateNeed(this.#parts, ask);
    if (needed.isErr()) return err(needed.error);
    const { key, base, parent, inputs } = needed.value;
    const found = await this.#parts.home.find(key, ask.signal);
    const instance = templateInstanceName(key);
    return found.map(({ kind }) => ({
      template: { key, instance, base: copyOfTemplate(instance, base.image) },
      parent,
      inputsHash: inputs?.hash ?? null,
      state: kind,
    }));
  }
}
