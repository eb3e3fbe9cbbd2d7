import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusFileContent, IncusFileInfo, IncusFileWrite } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { answerFault } from '../answers/answer-fault.js';
import { acceptedOf } from '../answers/envelope.js';
import { fileInfoOf, ownershipHeaders } from '../answers/file-headers.js';
import { parseValue } from '../answers/parse.js';
import type { CallSite } from '../http/call-site.js';
import type { HttpAnswer } from '../http/exchange.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire, WireRequest } from '../wire/wire.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

export interface FileTarget {
  readonly project: string;
  readonly name: string;
  readonly path: string;
}

export interface NewDirectory {
  readonly path: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

const defaultMaxBytes = 16 * 1024 * 1024;

/** `/1.0/instances/N/files`. */
export class FileCalls {
  constructor(private readonly wire: Wire) {}

  async read(
    target: FileTarget,
    { maxBytes = defaultMaxBytes, ...options }: CallOptions & { readonly maxBytes?: number } = {},
  ): Answer<IncusFileContent> {
    const request: WireRequest = { ...options, method: 'GET', path: pathOf(target), maxBytes };
    const site = this.wire.siteOf(request);
    const answer = await this.wire.send(request);
    if (answer.isErr()) return err(answer.error);
    if (answer.value.status !== 200) return refused(site, answer.value);
    return fileInfoOf(site, answer.value.headers).andThen((info) =>
      contentOf(site, info, answer.value).map((content) => ({ ...info, content })),
    );
  }

  async info(target: FileTarget, options?: CallOptions): Answer<IncusFileInfo> {
    const request: WireRequest = { ...options, method: 'HEAD', path: pathOf(target) };
    const site = this.wire.siteOf(request);
    const answer = await this.wire.send(request);
    if (answer.isErr()) return err(answer.error);
    const { status, headers } = answer.value;
    // An answer to HEAD has no body, and so no text of its own.
    return status === 200
      ? fileInfoOf(site, headers)
      : err(answerFault(site, status, `HTTP status ${status}`));
  }

  write(target: FileTarget, file: IncusFileWrite, options?: CallOptions): Answer<void> {
    const headers = {
      'content-type': 'application/octet-stream',
      'x-incus-type': 'file',
      'x-incus-write': file.write ?? 'overwrite',
      ...ownershipHeaders(file),
    };
    return this.wire.done({ ...options, method: 'POST', path: pathOf(target), headers, bytes: file.content });
  }

  makeDirectory(target: FileTarget, directory: NewDirectory, options?: CallOptions): Answer<void> {
    const headers = { 'x-incus-type': 'directory', ...ownershipHeaders(directory) };
    return this.wire.done({
      ...options,
      method: 'POST',
      path: pathOf(target),
      headers,
      bytes: new Uint8Array(),
    });
  }

  delete(target: FileTarget, options?: CallOptions): Answer<void> {
    return this.wire.done({ ...options, method: 'DELETE', path: pathOf(target) });
  }
}

function pathOf({ project, name, path }: FileTarget): string {
  return apiPath(['instances', name, 'files'], { path, project });
}

function refused(site: CallSite, answer: HttpAnswer): Result<never, IncusFault> {
  return acceptedOf(site, answer).andThen(() =>
    err(answerFault(site, answer.status, `HTTP status ${answer.status}`)),
  );
}

/** A directory's names come in an envelope; everything else is bytes as they are. */
function contentOf(site: CallSite, info: IncusFileInfo, answer: HttpAnswer): Result<Uint8Array, IncusFault> {
  if (info.type !== 'directory') return ok(answer.body);
  return acceptedOf(site, answer)
    .andThen((accepted) => parseValue(site, z.array(z.string()).nullable(), accepted.metadata, 'metadata'))
    .map((names) => Buffer.from(JSON.stringify(names ?? []), 'utf8'));
}
