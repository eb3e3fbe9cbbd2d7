import type { IncomingHttpHeaders } from 'node:http';
import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusFileInfo } from '../../../ports/incus-types.js';
import type { CallSite } from '../http/call-site.js';
import { parseValue } from './parse.js';

const id = z.string().regex(/^\d+$/, 'not a number').transform(Number);

const headersSchema = z
  .object({
    'x-incus-type': z.enum(['file', 'directory', 'symlink']),
    'x-incus-uid': id,
    'x-incus-gid': id,
    'x-incus-mode': z
      .string()
      .regex(/^0?[0-7]{1,4}$/, 'not an octal mode')
      .transform((mode) => Number.parseInt(mode, 8)),
  })
  .transform(
    (headers): IncusFileInfo => ({
      type: headers['x-incus-type'],
      uid: headers['x-incus-uid'],
      gid: headers['x-incus-gid'],
      mode: headers['x-incus-mode'],
    }),
  );

/** What a file is, from the headers of its answer (doc/rest-api.yaml, `/1.0/instances/{name}/files`). */
export function fileInfoOf(site: CallSite, headers: IncomingHttpHeaders): Result<IncusFileInfo, IncusFault> {
  return parseValue(site, headersSchema, headers, 'headers');
}

/** Owner and mode of a new file; what is left out is the daemon's choice. */
export function ownershipHeaders(file: {
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}): Record<string, string> {
  return {
    ...(file.uid === undefined ? {} : { 'x-incus-uid': String(file.uid) }),
    ...(file.gid === undefined ? {} : { 'x-incus-gid': String(file.gid) }),
    ...(file.mode === undefined ? {} : { 'x-incus-mode': file.mode.toString(8).padStart(4, '0') }),
  };
}
