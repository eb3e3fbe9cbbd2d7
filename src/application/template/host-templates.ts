import { err, ok, type Result } from 'neverthrow';
import { isHeld } from '../../domain/target/retention.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { GuestShell, ShellCall } from '../machine/guest-shell.js';
import type { OpenMachines } from '../open-machine/open-machines.js';
import type { JobSettings } from '../settings/job-settings.js';
import { type ExportedTemplate, exportTemplate, type TemplateSink } from './export-template.js';
import { type ImportedTemplate, importTemplate } from './import-template.js';
import { copyOfTemplate } from './make-template.js';
import { templateFault } from './template-fault.js';
import type { KeptTemplate, TemplateHome } from './template-home.js';
import type { TemplateParts } from './template-parts.js';
import { openThrowAwayShell } from './template-shell.js';

const CALL_BOUND_MS = 5 * 60_000;
/** So much of a key names a template. */
const SHORTEST_KEY = /^[0-9a-f]{8,64}$/;

/** A template on the host. Times are ISO 8601, by the host's clock. */
export interface ListedTemplate {
  readonly key: string;
  /** As the configuration that made it calls it. */
  readonly name: string;
  /** The instance that it is, or the layer. */
  readonly instance: string;
  /** The image at its bottom; of microVMs the runner, by its path and what names its content. */
  readonly image: { readonly alias: string; readonly fingerprint: string };
  /** What its files took when it was made, those of the image included; null when that is not known. */
  readonly bytes: number | null;
  readonly madeAt: string;
  readonly lastUsedAt: string;
  /** Somebody uses it, or did in the last 30 minutes, machines of a pool wait that are copies of it, or microVMs stand on it: neither `gc` nor `rm` removes it. */
  readonly inUse: boolean;
}

/** Whether a template goes that is in use, and what ends the attempt. */
export interface RemoveTemplateOptions {
  readonly signal?: AbortSignal;
  /** Also one that is in use. */
  readonly force?: boolean;
}

/** A terminal in a copy of a template, and whose it is: that of `pikaci` unless said. */
export interface TemplateShellCall extends ShellCall {
  readonly runAsRoot?: boolean;
  readonly user?: string;
}

/** What ends an export or an import. */
export interface TemplateTransferOptions {
  readonly signal?: AbortSignal;
}

export interface HostTemplatesParts extends Pick<TemplateParts, 'ports' | 'hostTime' | 'backends' | 'home'> {
  readonly settings: Pick<JobSettings, 'backend' | 'trust' | 'incusProfile'> & TemplateParts['settings'];
  readonly openMachines: Pick<OpenMachines, 'open'>;
}

/** The templates that are on the host, whatever configuration they were made by. */
export class HostTemplates {
  readonly #parts: HostTemplatesParts;
  readonly #store: TemplateHome;

  constructor(parts: HostTemplatesParts) {
    this.#parts = parts;
    this.#store = parts.home;
  }

  /** The one that was used last at the front. */
  async list(signal?: AbortSignal): Promise<Result<readonly ListedTemplate[], JobFault>> {
    const bound = bounded(signal);
    const kept = await this.#kept(bound);
    const now = this.#parts.hostTime.now();
    return kept.map((templates) =>
      templates.map(
        ({ instance, mark, isOfPool = false, isMounted = false }): ListedTemplate => ({
          key: mark.key,
          name: mark.name,
          instance,
          image: { alias: mark.alias, fingerprint: mark.fingerprint },
          bytes: mark.bytes,
          madeAt: new Date(mark.madeAtMs).toISOString(),
          lastUsedAt: new Date(mark.lastUsedMs).toISOString(),
          inUse: isOfPool || isMounted || isHeld(mark.lastUsedMs, now),
        }),
      ),
    );
  }

  /** `which` is its name, where there is one of it, or the beginning of its key. */
  async remove(
    which: string,
    { signal, force = false }: RemoveTemplateOptions,
  ): Promise<Result<ListedTemplate['key'], JobFault>> {
    const bound = bounded(signal);
    if (this.#parts.settings.trust === 'untrusted')
      return err(this.#fault('not_trusted', 'a run that is not trusted removes no template'));
    const kept = await this.#kept(bound);
    if (kept.isErr()) return err(kept.error);
    const meant = this.#one(kept.value, which);
    if (meant.isErr()) return err(meant.error);
    const { key } = meant.value.mark;
    if (!force && meant.value.isOfPool === true) {
      const message = `machines of a pool wait that are copies of the template ${which} (${key.slice(0, 12)}): "pikaci pool drain" removes them; "--force" removes the template all the same`;
      return err(this.#fault('template_in_use', message));
    }
    if (!force && meant.value.isMounted === true) {
      const message = `machines have the template ${which} (${key.slice(0, 12)}) below their own disk; "--force" removes it all the same, and they keep what they have until they end`;
      return err(this.#fault('template_in_use', message));
    }
    // Read again: the list has no version to compare with.
    const found = await this.#store.find(key, bound);
    if (found.isErr()) return err(found.error);
    if (found.value.kind !== 'ready') return err(this.#gone(which));
    const { template } = found.value;
    if (!force && isHeld(template.mark.lastUsedMs, this.#parts.hostTime.now())) {
      const used = new Date(template.mark.lastUsedMs).toISOString();
      const message = `the template ${which} (${key.slice(0, 12)}) is in use, or was a short time ago (${used}); "--force" removes it all the same`;
      return err(this.#fault('template_in_use', message));
    }
    const removed = await this.#store.remove(template, bound);
    if (removed.isErr()) return err(removed.error);
    if (removed.value === 'removed') return ok(key);
    return err(this.#fault('template_in_use', `somebody has just used the template ${which}`));
  }

  /** A terminal in a copy of the template that was used last of this name, or that of this key; the copy goes with it. */
  async shell(which: string, call: TemplateShellCall): Promise<Result<GuestShell, OpenMachineFault>> {
    const bound = bounded(call.signal);
    const kept = await this.#kept(bound);
    if (kept.isErr()) return err(kept.error);
    const [meant] = matching(kept.value, which);
    if (meant === undefined) return err(this.#gone(which));
    const found = await this.#store.find(meant.mark.key, bound);
    if (found.isErr()) return err(found.error);
    if (found.value.kind !== 'ready') return err(this.#gone(which));
    const { template } = found.value;
    // An untrusted run changes none, and another may have changed it in this moment: it is there all the same.
    const used = this.#parts.settings.trust === 'untrusted' ? null : await this.#store.use(template, bound);
    if (used?.isErr()) return err(used.error);
    const { alias, fingerprint } = template.mark;
    const project = this.#parts.settings.incusProject;
    const base = copyOfTemplate(template.instance, { project, alias, fingerprint });
    return await openThrowAwayShell(this.#parts.openMachines, base, call);
  }

  /** Writes the template of that name, where there is one, or key as the image that another host can import. */
  async export(
    which: string,
    sink: TemplateSink,
    { signal }: TemplateTransferOptions,
  ): Promise<Result<ExportedTemplate, JobFault>> {
    const bound = bounded(signal);
    if (this.#parts.settings.trust === 'untrusted')
      return err(this.#fault('not_trusted', 'a run that is not trusted makes no image of a template'));
    if (this.#parts.settings.backend !== 'incus') return err(this.#noImages());
    const kept = await this.#kept(bound);
    if (kept.isErr()) return err(kept.error);
    const meant = this.#one(kept.value, which);
    if (meant.isErr()) return err(meant.error);
    // Read again, and used: it is nobody's to evict from here on.
    const found = await this.#store.find(meant.value.mark.key, bound);
    if (found.isErr()) return err(found.error);
    if (found.value.kind !== 'ready') return err(this.#gone(which));
    const used = await this.#store.use(found.value.template, bound);
    if (used.isErr()) return err(used.error);
    return await exportTemplate(this.#parts, found.value.template, sink, signal);
  }

  /** Makes a template of the file that an export has written, on whatever host. */
  async import(
    content: AsyncIterable<Uint8Array>,
    { signal }: TemplateTransferOptions,
  ): Promise<Result<ImportedTemplate, JobFault>> {
    const { backend, trust } = this.#parts.settings;
    if (trust === 'untrusted') {
      const message = 'a run that is not trusted imports no template: jobs of others would run in it';
      return err(this.#fault('not_trusted', message));
    }
    if (backend !== 'incus') return err(this.#noImages());
    return await importTemplate(this.#parts, content, signal);
  }

  async #kept(signal: AbortSignal): Promise<Result<readonly KeptTemplate[], JobFault>> {
    const learnt = await this.#parts.hostTime.learn(signal);
    return learnt.isErr() ? err(learnt.error) : await this.#store.list(signal);
  }

  #one(kept: readonly KeptTemplate[], which: string): Result<KeptTemplate, JobFault> {
    const [first, ...more] = matching(kept, which);
    if (first === undefined) return err(this.#gone(which));
    if (more.length === 0) return ok(first);
    const keys = [first, ...more].map(({ mark }) => mark.key.slice(0, 12)).join(', ');
    return err(
      this.#fault('no_such_template', `there are several templates ${which}; say which key: ${keys}`),
    );
  }

  #noImages(): JobFault {
    const message =
      'the file of a template is an image of Incus, and a template of microVMs is none: build it on each host ("pikaci template build"), or use the backend "incus"';
    return this.#fault('backend_unavailable', message);
  }

  #gone(which: string): JobFault {
    const message = `there is no template of the name or key ${which} on ${this.#parts.ports.incus.host}`;
    return this.#fault('no_such_template', message);
  }

  #fault(kind: JobFault['kind'], message: string): JobFault {
    return { ...templateFault(this.#parts.ports.incus.host, message), kind };
  }
}

/** A name comes before what a key may begin with. */
function matching(kept: readonly KeptTemplate[], which: string): readonly KeptTemplate[] {
  const named = kept.filter(({ mark, instance }) => mark.name === which || instance === which);
  if (named.length > 0 || !SHORTEST_KEY.test(which)) return named;
  return kept.filter(({ mark }) => mark.key.startsWith(which));
}

function bounded(signal: AbortSignal | undefined): AbortSignal {
  const bound = awakeBound(CALL_BOUND_MS);
  return signal === undefined ? bound : AbortSignal.any([signal, bound]);
}
