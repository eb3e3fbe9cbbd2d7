import { createJiti } from 'jiti';
import { err, ok, type Result } from 'neverthrow';
import type { ConfigProblem } from '../../../domain/config-fault.js';
import type { RawConfig } from './json-config.js';

/** Runs a configuration that is a module (TypeScript or JavaScript) and takes its default export. Nothing is cached on disk. */
export async function loadModuleConfig(file: string): Promise<Result<RawConfig, ConfigProblem[]>> {
  try {
    const jiti = createJiti(file, { fsCache: false, moduleCache: false, interopDefault: false });
    const module = await jiti.import<Record<string, unknown>>(file);
    if (!('default' in module)) {
      return err([{ path: '', message: 'has no default export; write "export default { … }"' }]);
    }
    return ok({ value: await module['default'], place: () => null });
  } catch (error) {
    return err([problemOf(error)]);
  }
}

/** Babel's syntax errors, which jiti passes on, end in `(line:column)` with the column from 0; some carry `loc`. */
function problemOf(error: unknown): ConfigProblem {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const firstLine = text.split('\n')[0] ?? text;
  const position = /\s*\((\d+):(\d+)\)\s*$/.exec(firstLine);
  if (position === null) return { path: '', message: `could not be loaded: ${firstLine}` };
  return {
    path: '',
    message: firstLine.slice(0, position.index),
    line: Number(position[1]),
    column: Number(position[2]) + 1,
  };
}
