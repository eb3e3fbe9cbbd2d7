import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { templateImageProperties } from '../../domain/machine/template-image.js';
import { TEMPLATE_SNAPSHOT } from '../../domain/machine/template-mark.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusImageDownload } from '../../ports/incus-api.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { templateFault, whileAtTemplate } from './template-fault.js';
import { TemplateHold } from './template-hold.js';
import type { KeptTemplate } from './template-home.js';
import { removeImage, TRANSFER_MS, transferName } from './template-images.js';
import type { TemplateParts } from './template-parts.js';

/** Where the file of a template goes: to an absolute path, under which it appears whole, or to whoever takes it piece by piece. */
export type TemplateSink = TemplateFileSink | TemplateStreamSink;

/** An absolute path on this machine. */
export interface TemplateFileSink {
  readonly file: string;
}

/** What takes the file piece by piece: the next one comes when it has resolved. One that rejects ends the export. */
export interface TemplateStreamSink {
  /** Resolves when it has taken these bytes. */
  write(data: Uint8Array): Promise<void>;
}
/** A template that has gone into a file. */
export interface ExportedTemplate {
  readonly key: string;
  readonly name: string;
  /** Of the file. */
  readonly bytes: number;
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** The image that was made for it stays on the host, as it could not be removed; null when it is gone. */
  readonly imageLeft: string | null;
}

type Parts = Pick<TemplateParts, 'ports' | 'settings' | 'hostTime' | 'home'>;
type Write = (data: Uint8Array) => Promise<Result<void, JobFault>>;

/**
 * Writes a template into a file, which is an image of Incus: one is made of the template's snapshot, read, and removed again. Nobody evicts
 * the template meanwhile. Incus cannot cancel the making of an image: a signal is heard before it and behind it.
 */
export async function exportTemplate(
  parts: Parts,
  { instance, mark }: KeptTemplate,
  sink: TemplateSink,
  signal: AbortSignal | undefined,
): Promise<Result<ExportedTemplate, JobFault>> {
  const { incus, localFiles } = parts.ports;
  await using hold = new TemplateHold(parts);
  hold.keep(mark.key);
  return await intoSink(localFiles, sink, signal, async (write) => {
    const { incusProject: project } = parts.settings;
    const image = {
      of: { instance, snapshot: TEMPLATE_SNAPSHOT },
      properties: templateImageProperties(mark),
      filename: transferName(),
      // Not left to the daemon, so that a file that was cut short is seen when it is unpacked.
      compression: 'gzip -1',
    };
    const made = await incus.publishImage(project, image, { timeoutMs: TRANSFER_MS });
    if (made.isErr()) return err(whileAtTemplate(made.error, `make an image of the template ${mark.name}`));
    const { fingerprint } = made.value;
    const bound = awakeBound(TRANSFER_MS);
    const both = signal === undefined ? bound : AbortSignal.any([signal, bound]);
    const read = await readImage(parts, fingerprint, write, both);
    const removed = await removeImage(parts, fingerprint);
    return read.map((bytes) => ({
      key: mark.key,
      name: mark.name,
      bytes,
      sha256: fingerprint,
      imageLeft: removed.isErr() && removed.error.kind !== 'not_found' ? fingerprint : null,
    }));
  });
}

async function readImage(
  { ports: { incus }, settings: { incusProject: project } }: Parts,
  fingerprint: string,
  write: Write,
  signal: AbortSignal,
): Promise<Result<number, JobFault>> {
  const what = `read the image ${fingerprint.slice(0, 12)}`;
  const opened = await incus.exportImage(project, fingerprint, { signal, timeoutMs: TRANSFER_MS });
  if (opened.isErr()) return err(whileAtTemplate(opened.error, what));
  await using download: IncusImageDownload = opened.value;
  const hash = createHash('sha256');
  for await (const piece of download.content) {
    hash.update(piece);
    const written = await write(piece);
    if (written.isErr()) return err(written.error);
  }
  const ended = await download.ended;
  if (ended.isErr()) return err(whileAtTemplate(ended.error, what));
  if (hash.digest('hex') === fingerprint) return ok(ended.value.bytes);
  return err(templateFault(incus.host, `${what}: its bytes are not those that its fingerprint names`));
}

/** A file is written beside its place, and appears there when all of it is on the disk. */
async function intoSink(
  files: FileStore,
  sink: TemplateSink,
  signal: AbortSignal | undefined,
  use: (write: Write) => Promise<Result<ExportedTemplate, JobFault>>,
): Promise<Result<ExportedTemplate, JobFault>> {
  const local = (message: string): JobFault => ({
    kind: 'local_files',
    phase: null,
    host: files.host,
    message,
  });
  if ('write' in sink)
    return await use(async (data) => {
      try {
        return ok(await sink.write(data));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return err(local(`the template could not be written: ${why}`));
      }
    });
  const { file } = sink;
  if (!isAbsolute(file))
    return err(local(`the file of a template needs an absolute path, and this is ${file}`));
  // Something else in its place, such as a device, would be replaced by the file.
  const there = await files.stat(file);
  if (there.isOk() && there.value.type !== 'file')
    return err(local(`${file} is there and is no file: name another path`));
  const opened = await files.createWriter(file, signal === undefined ? {} : { signal });
  if (opened.isErr()) return err(localFilesFault(opened.error, null));
  await using writer = opened.value;
  const used = await use(async (data) =>
    (await writer.write(data)).mapErr((fault) => localFilesFault(fault, null)),
  );
  if (used.isErr()) return err(used.error);
  const committed = await writer.commit();
  return committed.map(() => used.value).mapErr((fault) => localFilesFault(fault, null));
}
