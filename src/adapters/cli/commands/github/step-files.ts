import { posix } from 'node:path';
import { variableName } from '../../../../domain/values/environment.js';
import { quoteWord, quoteWords } from '../../../../domain/values/shell-words.js';

/** Which a shell does not let anybody set. */
const READ_ONLY = /^(?:UID|EUID|PPID|GROUPS|BASHOPTS|SHELLOPTS|BASH_VERSINFO)$/;

export interface StepText {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly prependPath: readonly string[];
  readonly workingDirectory: string | null;
  /** Where the second file is to be in the machine. */
  readonly preloadPath: string;
}

export interface StepFiles {
  /** For `sh`: it has all variables, so none is an argument. */
  readonly script: string;
  /** What the runner's Node sets before the action begins; null where there is no need. */
  readonly preload: string | null;
  /** Names that the step does without. */
  readonly leftOut: readonly string[];
}

/**
 * What a step is in its machine. Inputs of actions are variables whose names may have dashes (`INPUT_FETCH-DEPTH`), which no shell can
 * set: where it is Node that runs the action, it sets them itself.
 */
export function stepFiles({
  words,
  environment,
  prependPath,
  workingDirectory,
  preloadPath,
}: StepText): StepFiles {
  const [program = '', ...args] = words;
  const isPlain = ([name]: readonly [string, string]) =>
    variableName.safeParse(name).success && !READ_ONLY.test(name);
  const entries = Object.entries(environment);
  const odd = entries.filter((entry) => !isPlain(entry));
  const preloads = odd.length > 0 && posix.basename(program) === 'node';
  const command = preloads ? [program, '--require', preloadPath, ...args] : words;
  const lines = [
    ...entries.filter(isPlain).map(([name, value]) => `export ${name}=${quoteWord(value)}`),
    ...(prependPath.length === 0 ? [] : [`export PATH=${quoteWord(prependPath.join(':'))}:"$PATH"`]),
    ...(workingDirectory === null ? [] : [`cd -- ${quoteWord(workingDirectory)} || exit 1`]),
    `exec ${quoteWords(command)}`,
  ];
  return {
    script: `${lines.join('\n')}\n`,
    preload: preloads
      ? `Object.assign(require('node:process').env, ${JSON.stringify(Object.fromEntries(odd))});\n`
      : null,
    leftOut: preloads ? [] : odd.map(([name]) => name),
  };
}
