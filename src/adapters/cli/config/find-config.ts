import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type ConfigFault, configFault } from '../../../domain/config/config-fault.js';
import { absolutePath } from './config-paths.js';

/** In the order in which they are looked for. */
export const CONFIG_NAMES = [
  'pikaci.config.json',
  'pikaci.config.ts',
  'pikaci.config.js',
  'pikaci.config.mjs',
] as const;

export interface ConfigSearch {
  readonly cwd: string;
  readonly homeDir: string;
  /** As given with `--config`. */
  readonly named: string | undefined;
}

/** The file that was named, or the one in the current folder; `null` when there is none. Parent folders are not searched. */
export async function findConfig(search: ConfigSearch): Promise<Result<string | null, ConfigFault>> {
  if (search.named !== undefined) {
    const file = absolutePath(search.named, { baseDir: search.cwd, homeDir: search.homeDir });
    const found = await typeOf(file);
    if (found === 'file') return ok(file);
    const message =
      found === 'none'
        ? 'there is no such file'
        : 'is no regular file: the folder that a configuration lies in is the workspace';
    return err(configFault(file, [{ path: '--config', message }]));
  }
  for (const name of CONFIG_NAMES) {
    const file = join(search.cwd, name);
    if ((await typeOf(file)) === 'file') return ok(file);
  }
  return ok(null);
}

async function typeOf(path: string): Promise<'file' | 'other' | 'none'> {
  try {
    return (await stat(path)).isFile() ? 'file' : 'other';
  } catch {
    return 'none';
  }
}
