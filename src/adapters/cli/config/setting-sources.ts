import type { PikaciConfig } from '../../../domain/config/config.js';
import type { Setting } from '../../../domain/values/setting.js';
import type { Environment } from '../process/cli-input.js';
import { SETTING_VARIABLES } from './environment-settings.js';

export interface SourcesInput {
  /** As it is used in the end. */
  readonly config: PikaciConfig;
  /** As it was written, before the schema has seen it. */
  readonly raw: unknown;
  readonly file: string | null;
  readonly env: Environment;
  readonly host: string | undefined;
  readonly stateRoot: string | undefined;
  readonly trust: string | undefined;
}

/** What each value that decides where jobs run came from. */
export function settingSources(input: SourcesInput): readonly Setting[] {
  const { config } = input;
  const setting = (name: Setting['name'], value: string, option?: string): Setting => {
    if (option !== undefined) return { name, value, source: 'option', from: option };
    const variable = name in SETTING_VARIABLES ? SETTING_VARIABLES[name as never] : undefined;
    const text = variable === undefined ? undefined : input.env[variable];
    if (variable !== undefined && text && text !== 'auto')
      return { name, value, source: 'environment', from: variable };
    if (input.file !== null && isWritten(input.raw, name.split('.')))
      return { name, value, source: 'config', from: input.file };
    return { name, value, source: 'default', from: null };
  };
  return [
    setting('host', hostText(config), input.host === undefined ? undefined : '--host'),
    setting('backend', config.backend),
    setting('incus.project', config.incus.project),
    setting('incus.profile', config.incus.profile),
    setting('incus.image', config.incus.image),
    ...(config.backend === 'microvm' ? [setting('microvm.runner', config.microvm.runner ?? '')] : []),
    setting('workDir', config.workDir),
    setting('stateRoot', config.stateRoot, input.stateRoot === undefined ? undefined : '--state-root'),
    setting('trust', config.trust, input.trust === config.trust ? '--trust' : undefined),
  ];
}

function hostText({ host }: PikaciConfig): string {
  return host === 'local' ? 'local' : host.ssh;
}

function isWritten(value: unknown, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return value !== undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
  return isWritten((value as Readonly<Record<string, unknown>>)[key], rest);
}
