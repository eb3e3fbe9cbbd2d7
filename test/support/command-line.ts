import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PikaciConfigInput } from '../../src/index.js';
import { builtCommand } from './fresh-build.js';
import type { Site } from './site.js';

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommandLine {
  /** Resolves when the text has been on one of the outputs, rejects when the process ended without it. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  readonly end: Promise<CommandEnd>;
  readonly pid: number | undefined;
}

/** Writes the site's configuration with these targets beside, not into, its workspace. */
export async function writeConfig(site: Site, config: Partial<PikaciConfigInput>): Promise<string> {
  const file = join(site.workspace, 'pikaci.config.json');
  await writeFile(file, JSON.stringify(site.config(config)));
  return file;
}

/** The built `pikaci`, as somebody runs it in the site's workspace; `within` are the words of a command that executes another. */
export function commandLine(
  site: Site,
  args: readonly string[],
  env: Record<string, string> = {},
  within: readonly string[] = [],
): RunningCommandLine {
  const [program = '', ...words] = [...within, process.execPath, builtCommand, ...args];
  const child = spawn(program, words, {
    cwd: site.workspace,
    env: { PATH: process.env['PATH'] ?? '', HOME: site.directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (data: Buffer) => {
      said[stream] += data.toString('latin1');
      for (const check of waiting) check();
    });
  const text = (latin: string) => Buffer.from(latin, 'latin1').toString('utf8');
  const end = new Promise<CommandEnd>((resolve) => {
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: text(said.stdout), stderr: text(said.stderr) }),
    );
  });
  return {
    end,
    pid: child.pid,
    kill: (signal) => void child.kill(signal),
    said: (wanted) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!said.stdout.includes(wanted) && !said.stderr.includes(wanted)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void end.then((ended) => reject(new Error(`it ended without "${wanted}": ${JSON.stringify(ended)}`)));
      }),
  };
}
