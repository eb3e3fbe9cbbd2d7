import { resolve } from 'node:path';
import type { Result } from 'neverthrow';
import type { ServeFault, ServeOptions, Serving } from '../adapters/http/serve.js';
import * as source from './run-state.js';

/**
 * Serves what is recorded under a state root: JSON, live events and pages for people, read only unless `actions` or `hooks` are given, until it is closed. The web server
 * is loaded when there is something to serve.
 */
export async function serve(stateRoot: string, options: ServeOptions): Promise<Result<Serving, ServeFault>> {
  const { serveRuns } = await import('../adapters/http/serve.js');
  return serveRuns({ stateRoot: resolve(stateRoot), source }, options);
}
