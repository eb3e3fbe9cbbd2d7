import { Cli, type CliOptions } from '../cli-harness.js';
import { HeldJobs } from './held-jobs.js';

/** Each job with what it depends on, as a configuration. */
export function plan(jobs: Readonly<Record<string, readonly string[]>>) {
  const all = Object.entries(jobs).map(([id, dependsOn]) => ({ id, command: 'true', dependsOn }));
  const config = { host: { ssh: 'ci@box' }, targets: { t: { jobs: all } } };
  return { 'pikaci.config.json': JSON.stringify(config) };
}

/** The first line of every run. */
export const RUN = 'pikaci: run 20261123-164501-a1a2a3 on ci@box:22';

/** `pikaci run` on a terminal, its jobs and its time in the test's hands. */
export function start(options: CliOptions = {}) {
  const jobs = new HeldJobs();
  const cli = new Cli({ terminal: true, ...options, script: jobs.script });
  return { cli, jobs, exit: cli.run('run') };
}

/** One redrawing later. */
export async function tick(cli: Cli, ms = 100): Promise<void> {
  await cli.clock.asleepFor(100);
  cli.clock.advance(ms);
  await cli.clock.asleepFor(100);
}

/** As many redrawings later as it takes. */
export async function tickUntil(cli: Cli, pattern: RegExp): Promise<void> {
  while (!(await cli.terminal.screen()).some((line) => pattern.test(line))) await tick(cli);
}

/** Lines without what depends on the time: `*` for the spinner, `T` for a duration. */
export function timeless(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/[⠀-⣿]/g, '*')
      .replace(/ +[\d.]+ m?s(?= |$)/g, (found) => `${found.startsWith('  ') ? '  ' : ' '}T`),
  );
}
