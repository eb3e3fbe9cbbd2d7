import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusImageDownload, WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusImageUpload, IncusPublishImage } from '../../../ports/incus-types.js';
import { answerFault } from '../answers/answer-fault.js';
import { acceptedOf } from '../answers/envelope.js';
import { parseValue } from '../answers/parse.js';
import { imageSchema } from '../answers/schemas.js';
import { fault } from '../http/call-site.js';
import { run, runToEnd } from '../operations/run.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire, WireRequest } from '../wire/wire.js';
import { ImageDownload } from './image-download.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

const TRANSFER_MS = 60 * 60_000;
const MAX_BYTES = 2 ** 40;
const LONGEST_REFUSAL = 64 * 1024;

const resultSchema = z.object({ fingerprint: z.string().regex(/^[0-9a-f]{64}$/, 'not a fingerprint') });

/** `/1.0/images`: making images, and their files. */
export class ImageCalls {
  constructor(
    private readonly wire: Wire,
    private readonly waitTimeoutMs: number,
  ) {}

  async publish(
    project: string,
    { of, properties, filename, compression }: IncusPublishImage,
    { signal, timeoutMs = TRANSFER_MS }: WaitOptions = {},
  ): Answer<{ readonly fingerprint: string }> {
    const source = { type: 'snapshot', name: `${of.instance}/${of.snapshot}` };
    const json = {
      source,
      properties,
      filename,
      public: false,
      ...(compression === undefined ? {} : { compression_algorithm: compression }),
    };
    const request: WireRequest = { method: 'POST', path: apiPath(['images'], { project }), json };
    const made = await this.#made(request, { timeoutMs, signal });
    // 6.0.4 says it in the operation's text only.
    return made.mapErr((why) =>
      /not found/i.test(why.message) && why.kind === 'operation_failed'
        ? { ...why, kind: 'not_found' as const }
        : why,
    );
  }

  async export(
    project: string,
    fingerprint: string,
    {
      signal,
      timeoutMs = TRANSFER_MS,
      maxBytes = MAX_BYTES,
    }: WaitOptions & { readonly maxBytes?: number } = {},
  ): Answer<IncusImageDownload> {
    const path = apiPath(['images', fingerprint, 'export'], { project });
    const request: WireRequest = {
      method: 'GET',
      path,
      timeoutMs,
      maxBytes,
      ...(signal === undefined ? {} : { signal }),
    };
    const site = this.wire.siteOf(request);
    const opened = await this.wire.open(request);
    if (opened.isErr()) return err(opened.error);
    const response = opened.value;
    const download = new ImageDownload(
      response,
      site,
      response.statusCode === 200 ? maxBytes : LONGEST_REFUSAL,
    );
    const type = response.headers['content-type'] ?? '';
    if (response.statusCode === 200 && !type.startsWith('multipart/')) return ok(download);
    await using _closed = download;
    if (response.statusCode === 200)
      return err(fault(site, 'unexpected_answer', 'the image is of several files, and not one'));
    const pieces: Uint8Array[] = [];
    for await (const piece of download.content) pieces.push(piece);
    const ended = await download.ended;
    if (ended.isErr()) return err(ended.error);
    const { statusCode: status = 0, headers } = response;
    return acceptedOf(site, { status, headers, body: Buffer.concat(pieces) }).andThen(() =>
      err(answerFault(site, status, `HTTP status ${status}`)),
    );
  }

  import(
    project: string,
    { content, filename }: IncusImageUpload,
    { signal, timeoutMs = TRANSFER_MS }: WaitOptions = {},
  ): Answer<{ readonly fingerprint: string }> {
    const headers = {
      'content-type': 'application/octet-stream',
      'x-incus-public': 'false',
      'x-incus-filename': filename,
    };
    const request: WireRequest = { method: 'POST', path: apiPath(['images'], { project }), headers, content };
    return this.#made(request, { timeoutMs, signal });
  }

  delete(project: string, fingerprint: string, options: WaitOptions = {}): Answer<void> {
    const path = apiPath(['images', fingerprint], { project });
    return run(this.wire, {
      request: { method: 'DELETE', path },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => {
        const found = await this.wire.get(imageSchema, path);
        return found.isErr() && found.error.kind === 'not_found';
      },
    });
  }

  async #made(
    request: WireRequest,
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Answer<{ readonly fingerprint: string }> {
    const call = { request, timeoutMs, ...(signal === undefined ? {} : { signal }) };
    const ended = await runToEnd(this.wire, call);
    return ended.andThen((operation) =>
      parseValue(this.wire.siteOf(request), resultSchema, operation?.metadata, 'metadata'),
    );
  }
}
