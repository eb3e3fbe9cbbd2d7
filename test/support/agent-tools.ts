import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { repositoryRoot } from './repository-root.js';

export const agentToolsPath = join(repositoryRoot, 'scripts/agent-tools');

const failureSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

/** Runs the script, and never rejects for its exit status. */
export async function agentTools(
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(agentToolsPath, args, { timeout: 30_000 })) };
  } catch (error) {
    return failureSchema.parse(error);
  }
}
