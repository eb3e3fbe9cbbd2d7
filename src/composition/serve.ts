import { resolve } from 'node:path';
import type { Result } from 'neverthrow';
import { type ServeFault, type ServeOptions, type Serving, serveRuns } from '../adapters/http/serve.js';
import * as source from './run-state.js';

/** Serves what is recorded under a state root: JSON, live events and pages for people, read only, until it is closed. */
export function serve(stateRoot: string, options: ServeOptions): Promise<Result<Serving, ServeFault>> {
  return serveRuns({ stateRoot: resolve(stateRoot), source }, options);
}
