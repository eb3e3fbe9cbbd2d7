import { err, ok, type Result } from 'neverthrow';
import type { PikaciConfig } from '../../../domain/config/config.js';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { isNormalisedAbsolutePath } from '../../../domain/values/path-rules.js';
import { strictest, type Trust, trustSchema } from '../../../domain/values/trust.js';
import type { Environment } from '../process/cli-input.js';

const TRUST = 'PIKACI_TRUST';
const BACKEND = 'PIKACI_REMOTE_LINUX_VM_BACKEND';

/** The variables of the process that stand above the configuration. An empty one counts as not set. */
export const SETTING_VARIABLES = {
  backend: BACKEND,
  'incus.project': 'PIKACI_REMOTE_LINUX_VM_INCUS_PROJECT',
  'incus.profile': 'PIKACI_REMOTE_LINUX_VM_INCUS_PROFILE',
  'incus.image': 'PIKACI_REMOTE_LINUX_VM_INCUS_IMAGE_ALIAS',
  'microvm.runner': 'PIKACI_REMOTE_LINUX_VM_MICROVM_RUNNER',
  stateRoot: 'PIKACI_STATE_ROOT',
  trust: TRUST,
} as const;

/** What the environment says of trust; checked before anything of a workspace is read. */
export function trustOfEnvironment(env: Environment): Result<Trust, ConfigProblem> {
  const trust = trustSchema.safeParse(env[TRUST] || 'trusted');
  return trust.success ? ok(trust.data) : err({ path: TRUST, message: 'must be "trusted" or "untrusted"' });
}

/** Puts them into a checked configuration. `auto` as the backend leaves the choice to the configuration. */
export function withEnvironment(config: PikaciConfig, env: Environment): Result<PikaciConfig, ConfigProblem> {
  const given = (name: keyof typeof SETTING_VARIABLES) => env[SETTING_VARIABLES[name]] || undefined;
  const backend = given('backend');
  if (backend !== undefined && backend !== 'incus' && backend !== 'microvm' && backend !== 'auto')
    return err({ path: BACKEND, message: 'must be "incus", "microvm" or "auto"' });
  const runner = given('microvm.runner');
  if (runner !== undefined && !isNormalisedAbsolutePath(runner)) {
    const message = 'must be an absolute, normalised path on the host';
    return err({ path: SETTING_VARIABLES['microvm.runner'], message });
  }
  const trust = trustOfEnvironment(env);
  if (trust.isErr()) return err(trust.error);
  const { incus, microvm } = config;
  return ok({
    ...config,
    backend: backend === undefined || backend === 'auto' ? config.backend : backend,
    trust: strictest(config.trust, trust.value),
    incus: {
      ...incus,
      project: given('incus.project') ?? incus.project,
      profile: given('incus.profile') ?? incus.profile,
      image: given('incus.image') ?? incus.image,
    },
    microvm: runner === undefined ? microvm : { ...microvm, runner },
  });
}
