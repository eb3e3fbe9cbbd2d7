import { spawn } from 'node:child_process';

const BOUND_MS = 120_000;

export interface ChildTimes {
  /** Milliseconds from the start of the process to its first byte on stdout; null when there was none. */
  readonly firstMs: number | null;
  readonly endMs: number;
}

/** Runs a program to its end and times it. Throws on another status than 0. */
export function timeChild(argv: readonly [string, ...string[]], stdin = ''): Promise<ChildTimes> {
  const [file, ...args] = argv;
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: BOUND_MS });
    let firstMs: number | null = null;
    let complaint = '';
    child.stdout.on('data', () => {
      firstMs ??= performance.now() - start;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000);
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve({ firstMs, endMs: performance.now() - start });
      else reject(new Error(`${argv.join(' ')}: status ${code}: ${complaint}`));
    });
  });
}
