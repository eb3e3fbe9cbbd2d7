import { incusInstanceName } from './incus-instance-name.js';

/** Under which ids a template's machine is made: one key has one machine, so whoever creates it first is the one who makes it. */
export function templatePlace(key: string): { readonly runId: string; readonly jobId: string } {
  return { runId: `template-${key.slice(0, 48)}`, jobId: 'template' };
}

/** The instance that a template of this key is, or is being made in. */
export function templateInstanceName(key: string): string {
  const { runId, jobId } = templatePlace(key);
  return incusInstanceName(runId, jobId);
}
