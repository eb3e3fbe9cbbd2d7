import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusOperation } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { operationOf, operationSchema } from '../answers/schemas.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';
import { waitFor } from './wait.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

/** With recursion the operations come grouped by status: `{ running: […], success: […] }`; with none there is no group. */
const operationsSchema = z
  .record(z.string(), z.array(operationSchema))
  .nullish()
  .transform((groups) => Object.values(groups ?? {}).flat());

/** `/1.0/operations`. */
export class OperationCalls {
  constructor(
    private readonly wire: Wire,
    private readonly waitTimeoutMs: number,
  ) {}

  async list(project: string, options?: CallOptions): Answer<readonly IncusOperation[]> {
    const path = apiPath(['operations'], { project, recursion: '1' });
    return (await this.wire.get(operationsSchema, path, options)).map((found) => found.map(operationOf));
  }

  async get(id: string, options?: CallOptions): Answer<IncusOperation> {
    return (await this.wire.get(operationSchema, apiPath(['operations', id]), options)).map(operationOf);
  }

  async wait(id: string, options: WaitOptions = {}): Answer<IncusOperation> {
    const waited = await waitFor(this.wire, id, {
      ...options,
      timeoutMs: options.timeoutMs ?? this.waitTimeoutMs,
    });
    return waited.map(operationOf);
  }

  cancel(id: string, options?: CallOptions): Answer<void> {
    return this.wire.done({ ...options, method: 'DELETE', path: apiPath(['operations', id]) });
  }
}
