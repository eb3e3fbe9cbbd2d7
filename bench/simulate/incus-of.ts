import { err } from 'neverthrow';
import { overlay } from '../../src/application/cluster/overlay.js';
import type { IncusApi } from '../../src/ports/incus-api.js';
import type { IncusFault } from '../../src/ports/incus-fault.js';

/** A daemon whose members that are down neither answer nor make anything. */
export function incusOf(incus: IncusApi, down: ReadonlySet<string>): IncusApi {
  const gone = (member: string, tried: string) => {
    const message = `the member ${member} does not answer`;
    const fault: IncusFault = { kind: 'server_error', host: incus.host, tried, status: 503, message };
    return Promise.resolve(err(fault));
  };
  return overlay<IncusApi>(incus, {
    createInstance: (project, instance, options) =>
      instance.target !== undefined && down.has(instance.target)
        ? gone(instance.target, 'POST /1.0/instances')
        : incus.createInstance(project, instance, options),
    resources: (options) =>
      options?.target !== undefined && down.has(options.target)
        ? gone(options.target, 'GET /1.0/resources')
        : incus.resources(options),
  });
}
