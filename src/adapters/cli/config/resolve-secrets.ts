import { err, ok, type Result } from 'neverthrow';
import type { TargetSecrets } from '../../../application/target/target-run.js';
import { type ConfigFault, type ConfigProblem, configFault } from '../../../domain/config/config-fault.js';
import type { TargetConfig } from '../../../domain/target/target-config.js';
import { secretFrom } from '../../../domain/values/secret-from.js';
import type { LoadedConfig } from './load-config.js';
import { problemPath } from './problem-path.js';

export interface SecretSource {
  readonly loaded: LoadedConfig;
  readonly targetName: string;
  readonly target: TargetConfig;
  /** Only these jobs are run, so only their secrets are asked for. */
  readonly baseIds: ReadonlySet<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The value of each secret, taken from the environment; an untrusted run is asked for those alone that it gets. Every missing variable is named with its place in the file, never a value. */
export function resolveSecrets(source: SecretSource): Result<TargetSecrets, ConfigFault> {
  const problems: ConfigProblem[] = [];
  const isUntrusted = source.loaded.config.trust === 'untrusted';
  const found: Record<string, Record<string, string>> = {};
  for (const [index, job] of source.target.jobs.entries()) {
    if (!source.baseIds.has(job.id)) continue;
    const secrets: Record<string, string> = {};
    for (const [name, { env: variable, untrusted }] of Object.entries(job.secrets)) {
      if (isUntrusted && untrusted !== true) continue;
      const value = secretFrom(variable, source.env[variable]);
      if (value.isOk()) {
        secrets[name] = value.value;
        continue;
      }
      const segments = ['targets', source.targetName, 'jobs', index, 'secrets', name, 'env'];
      problems.push({
        path: problemPath(segments),
        message: value.error,
        ...source.loaded.place(segments),
      });
    }
    found[job.id] = secrets;
  }
  return problems.length > 0 ? err(configFault(source.loaded.file, problems)) : ok(found);
}
