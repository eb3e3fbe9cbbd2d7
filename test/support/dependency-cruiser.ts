import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { repositoryRoot } from './repository-root.js';

const outputSchema = z.object({
  modules: z.array(
    z.object({ source: z.string(), dependencies: z.array(z.object({ resolved: z.string() })) }),
  ),
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

/** Reads `src` below `directory` with the rules that lie there. */
export async function cruise(directory: string): Promise<z.infer<typeof outputSchema>> {
  const program = join(repositoryRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'src'];
  const options = { cwd: directory, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 };
  return outputSchema.parse(JSON.parse((await promisify(execFile)(process.execPath, args, options)).stdout));
}
