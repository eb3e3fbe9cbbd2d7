import { err, ok, type Result } from 'neverthrow';
import { leaseHasEnded, newLeaseConfig } from '../../domain/machine/lease.js';
import { readTemplateImage, type TemplateOfImage } from '../../domain/machine/template-image.js';
import { templateInstanceName, templatePlace } from '../../domain/machine/template-place.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { newAcquisition, newOwner } from '../lease/owner.js';
import { removeInstance } from '../machine/incus/remove-instance.js';
import { keepAsTemplate, type MakersHold } from './finish-template.js';
import { REMOVE_BOUND_MS } from './template-bounds.js';
import { templateFault, whileAtTemplate } from './template-fault.js';
import { TemplateFile } from './template-file.js';
import { removeImage, TRANSFER_MS, transferName } from './template-images.js';
import type { TemplateParts } from './template-parts.js';
import { unpackFault } from './unpack-fault.js';
import { makersMachine, removeAbandoned } from './watch-maker.js';

/** For the image to be unpacked and marked. Nobody renews the lease: what a killed import leaves is in the way for so long. */
const UNPACK_MS = 15 * 60_000;
/** It is held for as long as that from its first moment on. */
const HELD: MakersHold = { keep: async () => ok(undefined), during: (work) => work() };
/** Others may make or remove it in any moment. */
const TRIES = 5;

/** A template that has come out of a file. */
export interface ImportedTemplate {
  readonly key: string;
  readonly name: string;
  /** The instance that it is. */
  readonly instance: string;
  /** The image at its bottom. */
  readonly image: { readonly alias: string; readonly fingerprint: string };
  /** Of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** It was there before, and the file was not needed. */
  readonly cached: boolean;
  /** The alias means that image on this host, so that the same configuration asks for this template here. */
  readonly isBaseHere: boolean;
  /** The image that was made for it stays on the host, as it could not be removed; null when it is gone. */
  readonly imageLeft: string | null;
}

export type ImportParts = Pick<TemplateParts, 'ports' | 'hostTime' | 'home'> & {
  readonly settings: Pick<TemplateParts['settings'], 'incusProject' | 'trust'> & {
    readonly incusProfile: string;
  };
  readonly backends: Pick<TemplateParts['backends'], 'machine'>;
};

type Made = Pick<ImportedTemplate, 'key' | 'name' | 'instance' | 'image' | 'cached' | 'isBaseHere'>;

/**
 * Makes a template of a file that `exportTemplate` has written: an image is made of the file, an instance of the image, and its snapshot is
 * marked last, so that nobody uses half of it. What the file says of itself is checked; what is in it is whatever its maker put there.
 */
export async function importTemplate(
  parts: ImportParts,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Result<ImportedTemplate, JobFault>> {
  const { incus, localFiles } = parts.ports;
  const bound = awakeBound(TRANSFER_MS);
  const both = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  const learnt = await parts.hostTime.learn(both);
  if (learnt.isErr()) return err(learnt.error);
  const file = new TemplateFile(content);
  const upload = { content: file.pieces(), filename: transferName() };
  const { incusProject: project } = parts.settings;
  const sent = await incus.importImage(project, upload, { signal: both, timeoutMs: TRANSFER_MS });
  if (file.refused !== null) return err(refused(incus.host, file.refused));
  if (file.unread !== null) {
    const message = `the file of the template could not be read: ${file.unread}`;
    return err({ kind: 'local_files', phase: null, host: localFiles.host, message });
  }
  if (sent.isErr() && sent.error.kind !== 'already_exists') return err(notTaken(sent.error));
  const sha256 = file.sha256();
  const made = await fromImage(parts, sha256, both);
  // One that was there before is somebody else's.
  const removed = sent.isOk() ? await removeImage(parts, sent.value.fingerprint) : ok(undefined);
  const imageLeft = removed.isErr() && removed.error.kind !== 'not_found' ? sha256 : null;
  return made.map((template) => ({ ...template, bytes: file.bytes, sha256, imageLeft }));
}

async function fromImage(
  parts: ImportParts,
  fingerprint: string,
  signal: AbortSignal,
): Promise<Result<Made, JobFault>> {
  const read = await describedBy(parts, fingerprint, signal);
  if (read.isErr()) return err(read.error);
  const template = read.value;
  const { key, name, alias } = template;
  const { incus } = parts.ports;
  const base = await incus.imageAlias(parts.settings.incusProject, alias, { signal });
  const made: Omit<Made, 'cached'> = {
    key,
    name,
    instance: templateInstanceName(key),
    image: { alias, fingerprint: template.fingerprint },
    isBaseHere: base.isOk() && base.value.fingerprint === template.fingerprint,
  };
  const store = parts.home;
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const found = await store.find(key, signal);
    if (found.isErr()) return err(found.error);
    if (found.value.kind === 'ready') {
      const used = await store.use(found.value.template, signal);
      if (used.isErr()) return err(used.error);
      if (used.value === 'used') return ok({ ...made, cached: true });
      continue;
    }
    if (found.value.kind === 'foreign') {
      const message = `the template ${name} cannot be imported: the instance ${made.instance} has its name, and is another; remove it`;
      return err(templateFault(incus.host, message));
    }
    if (found.value.kind === 'making') {
      const { lease } = found.value;
      if (!leaseHasEnded(lease, parts.hostTime.now())) {
        const until = new Date(lease.expiresAtMs).toISOString();
        const message = `somebody makes or imports the template ${name} (${key.slice(0, 12)}) at the moment; what a killed one has left goes with the next attempt after ${until}`;
        return err({ ...templateFault(incus.host, message), kind: 'template_in_use' });
      }
      const removed = await removeAbandoned(parts, makersMachine(parts, key, lease));
      if (removed.isErr()) return err(removed.error);
      continue;
    }
    const done = await unpack(parts, { template, fingerprint, instance: made.instance }, signal);
    if (done.isErr()) return err(done.error);
    if (done.value === 'made') return ok({ ...made, cached: false });
  }
  const message = `the template ${name} was made and removed by others again and again; import it once more`;
  return err(templateFault(incus.host, message));
}

/** What the image says of itself, checked. */
async function describedBy(
  { ports: { incus }, settings: { incusProject: project } }: ImportParts,
  fingerprint: string,
  signal: AbortSignal,
): Promise<Result<TemplateOfImage, JobFault>> {
  const [image, server] = await Promise.all([
    incus.image(project, fingerprint, { signal }),
    incus.server({ signal }),
  ]);
  if (image.isErr()) return err(whileAtTemplate(image.error, 'read the image of the file'));
  if (server.isErr()) return err(whileAtTemplate(server.error, 'ask the host what it can run'));
  const { type, architecture, properties } = image.value;
  if (type !== 'container')
    return err(
      refused(incus.host, 'the file is the image of a virtual machine, and templates are containers'),
    );
  const { architectures } = server.value;
  if (!architectures.includes(architecture)) {
    const message = `the template is of ${architecture}, and the host runs ${architectures.join(', ')}`;
    return err(refused(incus.host, message));
  }
  const read = readTemplateImage(properties);
  return 'why' in read ? err(refused(incus.host, read.why)) : ok(read.template);
}

interface Unpack {
  readonly template: TemplateOfImage;
  readonly fingerprint: string;
  readonly instance: string;
}

/** `taken` when somebody else has made an instance of the name. */
async function unpack(
  parts: ImportParts,
  { template, fingerprint, instance }: Unpack,
  signal: AbortSignal,
): Promise<Result<'made' | 'taken', JobFault>> {
  const { incus } = parts.ports;
  const { incusProject: project, incusProfile } = parts.settings;
  const [owner, acquisition] = [newOwner(), newAcquisition()];
  const expiresAtMs = parts.hostTime.now() + UNPACK_MS;
  const { runId, jobId } = templatePlace(template.key);
  const wanted = {
    name: instance,
    type: 'container',
    ephemeral: false,
    start: false,
    source: { fingerprint },
    profiles: [incusProfile],
    config: newLeaseConfig({ runId, jobId, owner, acquisition, expiresAtMs }),
    devices: {},
    description: `pikaci ${runId}/${jobId}`,
  } as const;
  const created = await incus.createInstance(project, wanted, { signal, timeoutMs: UNPACK_MS });
  if (created.isErr() && created.error.kind === 'already_exists') return ok('taken');
  const kept = created.isErr()
    ? err(unpackFault(created.error, template.name))
    : await keepAsTemplate(parts, { instance, owner, mark: template, hold: HELD }, awakeBound(UNPACK_MS));
  if (kept.isOk()) return ok('made');
  const owned = { project, name: instance, acquisition };
  const removed = await removeInstance(parts.ports, owned, awakeBound(REMOVE_BOUND_MS));
  if (removed.isOk()) return err(kept.error);
  const stays = `${instance} stays until its lease has ended, and "pikaci gc --remote" removes it then`;
  return err({ ...kept.error, message: `${kept.error.message}; ${stays}` });
}

/** What the daemon could not unpack is the file's fault, and all else is not. */
function notTaken(fault: IncusFault): JobFault {
  const known = whileAtTemplate(fault, 'send the file of the template');
  return fault.kind === 'operation_failed' ? refused(fault.host, known.message) : known;
}

function refused(host: string, message: string): JobFault {
  return { ...templateFault(host, message), kind: 'template_refused' };
}
