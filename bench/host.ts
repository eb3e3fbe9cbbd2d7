import { spawn } from 'node:child_process';
import { z } from 'zod';

/** The line that `scripts/host up` prints; see host/README.md. */
const hostSchema = z.object({
  host: z.string(),
  port: z.number().int(),
  user: z.string(),
  identityFile: z.string(),
  knownHostsFile: z.string(),
  project: z.string(),
  profile: z.string(),
  image: z.string(),
  workDir: z.string(),
  microvmRunner: z.string(),
  guestDockerImage: z.string(),
});
export type BenchHost = z.infer<typeof hostSchema>;
/** What is needed to run jobs on it. */
export type ReachedHost = Omit<BenchHost, 'guestDockerImage'>;

/** Starts the disposable host, or finds it running. Throws when it cannot be had. */
export async function benchHost(): Promise<BenchHost> {
  const child = spawn('./scripts/host', ['up'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let printed = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) printed += chunk;
  const code = await ended;
  if (code !== 0) throw new Error(`scripts/host up ended with status ${code}`);
  return parseHost(printed);
}

/** Reads the description back, as it is handed to child processes. */
export function parseHost(json: string): BenchHost {
  return hostSchema.parse(JSON.parse(json));
}
