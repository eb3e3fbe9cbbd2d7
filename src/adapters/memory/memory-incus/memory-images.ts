import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { IncusImageDownload } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusImage, IncusImageUpload, IncusPublishImage } from '../../../ports/incus-types.js';
import { imageFileOf, readImageFile } from './image-file.js';
import { memoryFault, refuse } from './memory-fault.js';
import type { MemoryWorld } from './memory-world.js';

type Made = Result<{ readonly fingerprint: string }, IncusFault>;

const tried = 'POST /1.0/images';
const PIECE = 64 * 1024;

/** Images that are made of snapshots and files. */
export class MemoryImages {
  constructor(
    private readonly world: MemoryWorld,
    private readonly now: () => number,
  ) {}

  list(project: string): Result<readonly IncusImage[], IncusFault> {
    return this.world.project(project, 'GET /1.0/images').map(({ images }) => [...images.values()]);
  }

  ofAlias(project: string, alias: string): Made {
    const path = `GET /1.0/images/aliases/${alias}`;
    return this.world
      .project(project, 'GET /1.0/images/aliases')
      .andThen((at) => this.world.fingerprintOf(at, { alias }, path))
      .map((fingerprint) => ({ fingerprint }));
  }

  publish(project: string, { of, properties, filename }: IncusPublishImage): Made {
    return this.world.project(project, tried).andThen((at) =>
      this.world.snapshotOf(at, { copyOf: of }, tried).andThen((snapshot) => {
        if (snapshot === null) return refuse('not_found', tried, 'Instance snapshot not found');
        const all = { ...at.images.get(snapshot.fingerprint)?.properties, ...properties };
        const published = new Date(this.now()).toISOString();
        return this.#add(project, imageFileOf(snapshot, all, published), filename);
      }),
    );
  }

  export(
    project: string,
    fingerprint: string,
    { maxBytes = 2 ** 40, signal }: { readonly maxBytes?: number; readonly signal?: AbortSignal } = {},
  ): Result<IncusImageDownload, IncusFault> {
    const path = `GET /1.0/images/${fingerprint}/export`;
    return this.world.project(project, path).andThen(({ imageFiles }) => {
      const file = imageFiles.get(fingerprint);
      return file === undefined
        ? refuse('not_found', path, 'Image not found')
        : ok(download(file, { path, maxBytes, signal }));
    });
  }

  async import(
    project: string,
    { content, filename }: IncusImageUpload,
    signal?: AbortSignal,
  ): Promise<Made> {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of content) {
        if (signal?.aborted) return refuse('aborted', tried, 'the call was cancelled');
        pieces.push(piece);
      }
    } catch (error) {
      return refuse('aborted', tried, `what was to be sent could not be read: ${String(error)}`);
    }
    return this.#add(project, Buffer.concat(pieces), filename);
  }

  delete(project: string, fingerprint: string): Result<void, IncusFault> {
    const path = `DELETE /1.0/images/${fingerprint}`;
    return this.world.project(project, path).andThen(({ images, imageFiles }) => {
      imageFiles.delete(fingerprint);
      return images.delete(fingerprint) ? ok(undefined) : refuse('not_found', path, 'Image not found');
    });
  }

  #add(project: string, content: Uint8Array, filename: string): Made {
    const read = readImageFile(content);
    if (read === null) return refuse('operation_failed', tried, 'Unsupported compression');
    const fingerprint = createHash('sha256').update(content).digest('hex');
    return this.world.project(project, tried).andThen(({ images, imageFiles }) => {
      if (images.has(fingerprint))
        return refuse('already_exists', tried, 'Image with same fingerprint already exists');
      const { type, properties } = read;
      const uploadedAt = new Date(this.now()).toISOString();
      const size = content.length;
      const same = { fingerprint, type, architecture: 'x86_64', aliases: [], size, properties };
      images.set(fingerprint, { ...same, filename, uploadedAt });
      imageFiles.set(fingerprint, content);
      return ok({ fingerprint });
    });
  }
}

function download(
  file: Uint8Array,
  {
    path,
    maxBytes,
    signal,
  }: { readonly path: string; readonly maxBytes: number; readonly signal: AbortSignal | undefined },
): IncusImageDownload {
  const { promise: ended, resolve } = deferred<Awaited<IncusImageDownload['ended']>>();
  async function* content(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < file.length; at += PIECE) {
        if (signal?.aborted) return resolve(err(memoryFault('aborted', path, 'the call was cancelled')));
        const end = Math.min(file.length, at + PIECE);
        if (end > maxBytes)
          return resolve(
            err(memoryFault('invalid_request', path, `the image has more than ${maxBytes} bytes`)),
          );
        yield file.subarray(at, end);
      }
      resolve(ok({ bytes: file.length }));
    } finally {
      resolve(err(memoryFault('aborted', path, 'the rest was not read')));
    }
  }
  return {
    content: content(),
    ended,
    [Symbol.asyncDispose]: async () => resolve(err(memoryFault('aborted', path, 'the rest was not read'))),
  };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
