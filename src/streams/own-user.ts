import { homedir, userInfo } from 'node:os';

/**
 * The home directory of whoever runs this process: `HOME`, then the user's entry in the system's list, then `/`. A container may run under
 * a number that has no entry, and without `HOME`; Node throws then.
 */
export function ownHome(): string {
  return answerOf(homedir) || answerOf(() => userInfo().homedir) || '/';
}

/** The login name of whoever runs this process: of the system's list, then of the environment; null where neither has one. */
export function ownName(): string | null {
  return answerOf(() => userInfo().username) || process.env['LOGNAME'] || process.env['USER'] || null;
}

function answerOf(ask: () => string): string | null {
  try {
    return ask();
  } catch {
    return null;
  }
}
