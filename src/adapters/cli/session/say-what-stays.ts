import { escapeMessage } from '../output/escape-control.js';
import type { CliContext } from './cli-context.js';

/** What a command says of its own interruption. */
export interface WhatStays {
  /** What a first Ctrl-C makes it do. */
  readonly now: string;
  /** What a second one leaves behind, and how to take it up or remove it. */
  left(): readonly string[];
}

/** Does `work`; meanwhile the first Ctrl-C is answered with what happens now, and a second one with what is left behind. */
export async function sayWhatStays<T>(
  context: CliContext,
  { now, left }: WhatStays,
  work: () => Promise<T>,
): Promise<T> {
  const { interrupts, stderr } = context;
  const say = (lines: readonly string[]) => stderr.write(`pikaci: ${escapeMessage(lines.join('\n'))}\n`);
  const forget = interrupts.onLeave(() => say(left()));
  const untell = interrupts.tell((message) => say([message]), { first: () => now });
  try {
    return await work();
  } finally {
    forget();
    untell();
  }
}
