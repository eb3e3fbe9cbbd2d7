#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { packageVersion } from '../adapters/cli/process/version.js';

// Scripts and completions ask for the version again and again: it is answered without loading the program.
if (!answersVersion(process.argv.slice(2))) {
  const { runCommandLine } = await import('./run-command-line.js');
  process.on('exit', endedFromWithin);
  process.on('uncaughtException', brokenFromWithin);
  const code = await runCommandLine();
  process.off('exit', endedFromWithin);
  process.exit(code);
}

/** Nothing of the program's own ends the process before the command has ended, and nobody is to take its status for that of the jobs. */
function endedFromWithin(): void {
  process.exitCode = 3;
  try {
    writeSync(2, 'pikaci: the process was ended before the command had: by code of the configuration?\n');
  } catch {
    // Nobody listens.
  }
}

/** A throw or a rejection that nobody has caught, pikaci's own or the configuration's: 1, which Node makes of it, would mean that a job failed. */
function brokenFromWithin(error: unknown): void {
  process.off('exit', endedFromWithin);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    writeSync(
      2,
      `pikaci: nobody has caught this, in pikaci or in the code of the configuration:\n  ${stack}\n`,
    );
  } catch {
    // Nobody listens.
  }
  process.exit(3);
}

/** False when something else was asked for, or when the answer cannot be written: the program says what is wrong then. */
function answersVersion(argv: readonly string[]): boolean {
  const [option, ...rest] = argv;
  if (rest.length > 0 || (option !== '--version' && option !== '-V')) return false;
  try {
    writeSync(1, `${packageVersion()}\n`);
    return true;
  } catch {
    return false;
  }
}
