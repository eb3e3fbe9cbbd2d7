import { fileURLToPath } from 'node:url';
import { err, ok, type Result } from 'neverthrow';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { whyNoKey } from '../../../domain/values/proto-key.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import type { RawConfig } from './json-config.js';
import { problemPath } from './problem-path.js';

const LONGEST_MS = 60_000;
const NEVER = 'does not settle: it awaits something that does not happen';

/**
 * Runs a configuration that is a module (TypeScript or JavaScript) and takes its default export. Nothing is cached on disk. An isolated one
 * lies where no packages are; it finds this one alone.
 */
export async function loadModuleConfig(
  file: string,
  { isolated = false }: { readonly isolated?: boolean } = {},
): Promise<Result<RawConfig, ConfigProblem[]>> {
  try {
    const { createJiti } = await import('jiti');
    const alias = isolated ? ownPackage() : {};
    const jiti = createJiti(file, { fsCache: false, moduleCache: false, interopDefault: false, alias });
    const found = await settled(async () => {
      const module = await jiti.import<Record<string, unknown>>(file);
      return 'default' in module ? { value: await module['default'] } : null;
    });
    if (found === 'never') return err([{ path: '', message: NEVER }]);
    if (found === null)
      return err([{ path: '', message: 'has no default export; write "export default { … }"' }]);
    const { value } = found;
    const unreadable = whyNoKey(value);
    if (unreadable !== null)
      return err([{ path: problemPath(unreadable.path), message: unreadable.message }]);
    return ok({ value, place: () => null });
  } catch (error) {
    return err([problemOf(error, file)]);
  }
}

function ownPackage(): Record<string, string> {
  try {
    return { pikaci: fileURLToPath(import.meta.resolve('pikaci')) };
  } catch {
    // In a bundle there is none beside it.
    return {};
  }
}

/**
 * Runs code of the configuration. It may not end the process, as its status would be taken for that of the jobs; and where nothing is
 * left to happen that could settle it, it never does.
 */
async function settled<T>(run: () => Promise<T>): Promise<T | 'never'> {
  const { exit } = process;
  process.exit = (code) => {
    throw new Error(`it calls process.exit(${code ?? ''})`);
  };
  let giveUp = () => {};
  const never = new Promise<'never'>((resolve) => {
    giveUp = () => resolve('never');
  });
  const takeBack = awakeTimer(LONGEST_MS, giveUp, { unref: true });
  process.once('beforeExit', giveUp);
  try {
    return await Promise.race([run(), never]);
  } finally {
    process.off('beforeExit', giveUp);
    takeBack();
    process.exit = exit;
  }
}

/**
 * jiti ends a syntax error with a line of its own, ` <file>:<line>:<column>`, the column from 0. What is thrown while the
 * module runs has its place in the stack, the column from 1.
 */
function problemOf(error: unknown, file: string): ConfigProblem {
  if (!(error instanceof Error)) return { path: '', message: `could not be loaded: ${String(error)}` };
  const syntax = /^(?:ParseError: )?(.*?)\s*\n\s*(\S.*):(\d+):(\d+)\s*$/.exec(error.message);
  if (syntax !== null) {
    const [, what = '', where = '', line, column] = syntax;
    const place = { line: Number(line), column: Number(column) + 1 };
    if (where === file) return { path: '', message: `syntax error: ${what}`, ...place };
    return { path: '', message: `syntax error: ${what} (${where}:${place.line}:${place.column})` };
  }
  const message = `could not be loaded: ${error.name}: ${error.message.split('\n')[0] ?? ''}`;
  const stack = error.stack ?? '';
  const thrown = /^:(\d+):(\d+)/.exec(
    stack.includes(`${file}:`) ? stack.slice(stack.indexOf(`${file}:`) + file.length) : '',
  );
  return thrown === null
    ? { path: '', message }
    : { path: '', message, line: Number(thrown[1]), column: Number(thrown[2]) };
}
