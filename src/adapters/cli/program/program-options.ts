import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseByteSize } from '../../../domain/values/byte-size.js';
import type { runIdSchema } from '../../../domain/values/identifier.js';
import { OUTER_CIS } from '../output/outer-ci.js';

/** Options that several commands have. */

export function withHost(command: Command): Command {
  return withState(
    command.option(
      '--host <host>',
      '"user@host", "user@host:port" or "local", instead of the configured host',
    ),
  );
}

export function withState(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--config <file>',
        'configuration; pikaci.config.json, .ts, .js or .mjs in this folder when left out',
      ).argParser(somePath),
    )
    .addOption(
      new Option(
        '--config-from <rev>',
        'take the configuration from this commit of the repository, and not from the folder',
      ).argParser(revision),
    )
    .addOption(
      new Option(
        '--trust <trust>',
        'whether the workspace is by somebody who may do as you (default: $PIKACI_TRUST, else as configured)',
      ).choices(['trusted', 'untrusted']),
    )
    .addOption(
      new Option(
        '--state-root <dir>',
        'where runs are recorded on this machine (default: $PIKACI_STATE_ROOT, else as configured)',
      ).argParser(somePath),
    );
}

export function withRunOutput(command: Command): Command {
  return command
    .addOption(output(['human', 'json', 'jsonl']))
    .addOption(raw())
    .addOption(
      new Option(
        '--summary <file>',
        'add the jobs and the tests that failed to this file, in Markdown (default: $GITHUB_STEP_SUMMARY, where it is set)',
      ).argParser(somePath),
    )
    .addOption(
      new Option(
        '--code-quality <file>',
        "write the tests that failed to this file, as GitLab's report of code quality",
      ).argParser(somePath),
    )
    .addOption(
      new Option(
        '--ci <system>',
        'what reads the output: groups its log, and takes nothing that a job prints for a command of its own',
      )
        .choices(OUTER_CIS)
        .default('auto'),
    )
    .addOption(
      new Option('--on-interrupt <choice>', 'what Ctrl-C does to jobs that run')
        .choices(['cancel', 'detach', 'destroy'])
        .default('cancel'),
    );
}

/** Of what a guest has written. */
export function raw(): Option {
  return new Option(
    '--raw',
    'let all of the log through to a terminal, which gets only its text and colours otherwise',
  );
}

export function output(formats: readonly string[]): Option {
  return new Option('--output <format>', 'how to report').choices(formats).default('human');
}

export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() !== '' && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`a whole number, at least ${least}, is expected`);
  };
}

/** Nothing would mean the current folder. */
export function somePath(value: string): string {
  if (value !== '') return value;
  throw new InvalidArgumentError('a path is expected');
}

export function byteSize(value: string): number {
  const bytes = parseByteSize(value);
  if (bytes !== null) return bytes;
  throw new InvalidArgumentError('a size is expected, such as 500MB or 50GiB');
}

export function portNumber(value: string): number {
  const number = wholeNumber(0)(value);
  if (number <= 65535) return number;
  throw new InvalidArgumentError('a port is at most 65535');
}

/** Empty where a variable was not set: that must not become a run that is skipped. */
export function revision(value: string): string {
  if (value.trim() !== '') return value;
  throw new InvalidArgumentError('a commit, a branch or a tag is expected');
}

export function id(schema: typeof runIdSchema): (value: string) => string {
  return (value) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? '');
    return parsed.data;
  };
}
