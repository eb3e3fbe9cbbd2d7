import type { Command } from 'commander';
import { escapeLine } from '../output/escape-control.js';
import { within } from '../session/clean-up-wait.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { type Completion, candidatesFor } from './candidates.js';
import { type CompletedShell, completionScript } from './completion-scripts.js';
import { type Wanted, wantedWord } from './wanted-word.js';
import { keptByBash, wordsOfLine } from './words-of-line.js';

/** `pikaci completion`: a script for the shell, which asks `pikaci complete` at each key. */
export function completionCommand(context: CliContext, shell: CompletedShell): number {
  context.stdout.write(completionScript(shell));
  return EXIT.passed;
}

export interface CompleteOptions {
  /** What bash has up to the cursor, and where words end for it. */
  readonly line?: string;
  readonly breaks?: string;
}

/** Somebody waits at a prompt; a configuration that is a program may take its time. */
const BOUND_MS = 5000;

/**
 * `pikaci complete`: for the scripts of `pikaci completion`. Given the words behind the program's name, or the line, the last word of
 * which is being typed, it prints what that one may be. A line of it begins with `=` for a word and what it is, or with `@` for what the
 * shell adds of its own (`files`, `directories`, `revisions`, `commands`) or does (`open`: no blank behind the word), each behind a tab.
 * Other lines, which a configuration may print, are none of it. Says nothing of what is wrong: whoever types wants no messages.
 */
export async function completeCommand(
  context: CliContext,
  program: Command,
  given: readonly string[],
  options: CompleteOptions,
): Promise<number> {
  const { words, typed } =
    options.line === undefined ? { words: ['', ...given], typed: '' } : wordsOfLine(options.line);
  const wanted = wantedWord(program, words.slice(1));
  let found: Completion = { words: [] };
  const looked = candidatesFor(context, wanted).then((candidates) => {
    found = candidates;
  });
  await context.interrupts.before(() => within(looked, BOUND_MS, context.input.clock));
  const kept = options.line === undefined ? '' : keptByBash(typed, options.breaks ?? '');
  for (const line of linesOf(found, wanted, { last: words.at(-1) ?? '', kept }))
    context.stdout.write(`${line}\n`);
  return EXIT.passed;
}

function linesOf(
  { words, byShell, isOpen }: Completion,
  { word }: Wanted,
  { last, kept }: { readonly last: string; readonly kept: string },
): string[] {
  const prefix = word.kind === 'value' ? word.prefix : '';
  const begun = word.kind === 'value' ? word.begun : last;
  const fitting = words.filter((one) => one.word.startsWith(begun));
  return [
    ...fitting.map(
      (one) => `=\t${escapeLine(`${prefix}${one.word}`.slice(kept.length))}\t${escapeLine(one.about)}`,
    ),
    ...(byShell === undefined ? [] : [`@\t${byShell}`]),
    ...(isOpen === true ? ['@\topen'] : []),
  ];
}
