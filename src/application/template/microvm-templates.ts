import { err, ok, type Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import { readTemplateMark, templateUse } from '../../domain/machine/template-mark.js';
import { templateInstanceName, templatePlace } from '../../domain/machine/template-place.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { removeHostDirectory } from '../machine/host-directory.js';
import type { Machine } from '../machine/machine-backend.js';
import { layeredRunner } from '../machine/microvm/layered-runner.js';
import { type MicrovmLayer, MicrovmLayers } from '../machine/microvm/microvm-layers.js';
import { type LayerParts, makeLayer } from './make-layer.js';
import type { FoundTemplate, KeptTemplate, TemplateHome } from './template-home.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';

/** A runner may be large, and has to be read once. */
const RUNNER_BOUND_MS = 6 * 60_000;

/** Templates of microVMs: layers, that is disks which nobody writes any more, on the file system of the host. */
export class MicrovmTemplates implements TemplateHome {
  readonly #parts: LayerParts;
  readonly #layers: MicrovmLayers;

  constructor(parts: LayerParts) {
    this.#parts = parts;
    this.#layers = new MicrovmLayers(parts.microvmHost, parts.settings.workDir);
  }

  async find(key: string, signal: AbortSignal): Promise<Result<FoundTemplate, JobFault>> {
    const instance = templateInstanceName(key);
    const { remoteJobDir } = remoteLayout({
      ...templatePlace(key),
      remoteWorkDir: this.#parts.settings.workDir,
    });
    const looked = await this.#layers.look(instance, remoteJobDir, signal);
    if (looked.isErr()) return err(looked.error);
    if (looked.value.kind !== 'ready') return ok(looked.value);
    const template = keptAs(looked.value.layer);
    return ok(
      template === null || template.mark.key !== key
        ? { kind: 'foreign', instance }
        : { kind: 'ready', template },
    );
  }

  async list(signal: AbortSignal): Promise<Result<readonly KeptTemplate[], JobFault>> {
    const listed = await this.#layers.list(signal);
    return listed.map((layers) =>
      layers
        .flatMap((layer) => keptAs(layer) ?? [])
        .sort((one, other) => other.mark.lastUsedMs - one.mark.lastUsedMs),
    );
  }

  async use({ instance, etag }: KeptTemplate, signal: AbortSignal) {
    const config = { ...JSON.parse(etag), ...templateUse(this.#parts.hostTime.now()) };
    const swapped = await this.#layers.swap({ name: instance, version: etag }, config, signal);
    return swapped.map((end) => (end === 'done' ? ('used' as const) : end));
  }

  async remove({ instance, etag }: KeptTemplate, signal: AbortSignal) {
    const removed = await this.#layers.remove({ name: instance, version: etag }, signal);
    return removed.map((end) => (end === 'done' ? ('removed' as const) : end));
  }

  /** All microVMs have the system of their runner: it stands for the image that jobs without a template have on Incus. */
  async image(from: string, signal: AbortSignal): Promise<Result<IncusImageIdentity, JobFault>> {
    const { microvmHost: host, settings } = this.#parts;
    const { incusImageAlias, workDir, microvm } = settings;
    if (from !== incusImageAlias) {
      const message = `a template is made from "${from}", and microVMs have one system, that of their runner: "from" is another template of the target, or ${JSON.stringify(incusImageAlias)} ("incus.image"), which stands for the runner here`;
      return err({ kind: 'image_not_found', phase: null, host: host.name, message });
    }
    const bound = AbortSignal.any([signal, awakeBound(RUNNER_BOUND_MS)]);
    const runner = await layeredRunner({ host, workDir, settings: microvm }, bound);
    return runner.map(({ path, identity }) => ({ project: 'microvm', alias: path, fingerprint: identity }));
  }

  make(request: TemplateRequest, call: TemplateCall) {
    return makeLayer(this.#parts, this.#layers, request, call);
  }

  async discard(machine: Machine, signal: AbortSignal): Promise<Result<void, JobFault>> {
    const removed = await machine.remove(signal);
    if (removed.isErr()) return removed;
    const { shared: layout } = machine.context;
    const directory = { layout, acquisition: machine.acquisition };
    return await removeHostDirectory(this.#parts.ports.hostFiles, directory, signal);
  }
}

function keptAs({ name, isUsed, bytes, config, version }: MicrovmLayer): KeptTemplate | null {
  const mark = readTemplateMark(config);
  if (mark === null) return null;
  return { instance: name, mark: { ...mark, bytes }, etag: version, isMounted: isUsed };
}
