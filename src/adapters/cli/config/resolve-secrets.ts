import { err, ok, type Result } from 'neverthrow';
import type { TargetConfig } from '../../../domain/config.js';
import { type ConfigFault, type ConfigProblem, configFault } from '../../../domain/config-fault.js';
import type { JobSpecInput } from '../../../domain/job-spec.js';
import type { LoadedConfig } from './load-config.js';
import { problemPath } from './problem-path.js';

export interface SecretSource {
  readonly loaded: LoadedConfig;
  readonly targetName: string;
  readonly target: TargetConfig;
  /** Only these jobs are run, so only their secrets are asked for. */
  readonly jobIds: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The jobs to run, with the value of each secret taken from the environment. Every missing variable is named, never its value. */
export function resolveSecrets(source: SecretSource): Result<JobSpecInput[], ConfigFault> {
  const problems: ConfigProblem[] = [];
  const jobs: JobSpecInput[] = [];
  for (const [index, job] of source.target.jobs.entries()) {
    if (!source.jobIds.has(job.id)) continue;
    const secrets: Record<string, string> = {};
    for (const [name, { env: variable }] of Object.entries(job.secrets)) {
      const value = source.env[variable];
      if (value !== undefined && value !== '') {
        secrets[name] = value;
        continue;
      }
      const segments = ['targets', source.targetName, 'jobs', index, 'secrets', name, 'env'];
      problems.push({
        path: problemPath(segments),
        message: `the environment variable ${variable} is ${value === '' ? 'empty' : 'not set'}`,
        ...source.loaded.place(segments),
      });
    }
    jobs.push({ ...job, secrets });
  }
  return problems.length > 0 ? err(configFault(source.loaded.file, problems)) : ok(jobs);
}
