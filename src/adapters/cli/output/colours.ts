import picocolors from 'picocolors';

export type Colours = ReturnType<typeof picocolors.createColors>;

export interface TerminalFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the stream that is written to is a terminal. */
  readonly isTerminal: boolean;
}

/** `NO_COLOR` (no-color.org) beats `FORCE_COLOR`, which beats what the terminal is; a dumb terminal gets none. */
export function coloursFor({ env, isTerminal }: TerminalFacts): Colours {
  return picocolors.createColors(wanted(env, isTerminal));
}

function wanted(env: TerminalFacts['env'], isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  const force = env['FORCE_COLOR'];
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

/** Whether lines may be drawn over again: not in a log that a CI server keeps, nor for who wants plain text. */
export function canRedraw({ env, isTerminal }: TerminalFacts): boolean {
  return isTerminal && env['TERM'] !== 'dumb' && !env['NO_COLOR'] && !isOn(env['CI']);
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value);
}
