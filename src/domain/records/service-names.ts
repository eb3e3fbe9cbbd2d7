import type { JobRecord } from '../job/job-record.js';

/** Of a recorded job, whatever has become of them. */
export function serviceNames({ job_spec: spec }: Pick<JobRecord, 'job_spec'>): readonly string[] {
  const services = spec['services'];
  if (!Array.isArray(services)) return [];
  return services.flatMap((one: { readonly name?: unknown } | null) =>
    typeof one?.name === 'string' ? [one.name] : [],
  );
}
