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
    if (await isFile(file)) return ok(file);
    return err(configFault(file, [{ path: '--config', message: 'there is no such file' }]));
  }
  for (const name of CONFIG_NAMES) {
    const file = join(search.cwd, name);
    if (await isFile(file)) return ok(file);
  }
  return ok(null);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
