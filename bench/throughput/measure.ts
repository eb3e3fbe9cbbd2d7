import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchHost } from '../host.js';
import { type StreamResult, streamResultSchema } from './stream-result.js';

const BOUND_MS = 600_000;
const run = promisify(execFile);

export interface Throughput {
  readonly bare: readonly StreamResult[];
  readonly job: readonly StreamResult[];
}

/** Each stream in a process of its own, in turn, so that the memory of one is not counted for another. */
export async function measureThroughput(host: BenchHost, bytes: number, rounds: number): Promise<Throughput> {
  const bare: StreamResult[] = [];
  const job: StreamResult[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await child('bare-exec-child.js', host, bytes));
    job.push(await child('job-log-child.js', host, bytes));
  }
  return { bare, job };
}

async function child(file: string, host: BenchHost, bytes: number): Promise<StreamResult> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = [path, JSON.stringify(host), String(bytes)];
  const { stdout } = await run(process.execPath, args, { timeout: BOUND_MS });
  return streamResultSchema.parse(JSON.parse(stdout));
}
