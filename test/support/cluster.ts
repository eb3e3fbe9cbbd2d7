import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { hostUnderTestSchema } from './host-under-test.js';
import { hostLabels, KEYS_PREFIX } from './left-over-hosts.js';
import { repositoryRoot } from './repository-root.js';

const clusterSchema = hostUnderTestSchema.extend({
  microvmRunner: z.string().default(''),
  members: z.array(z.object({ name: z.string(), address: z.string(), container: z.string() })),
});
export type Cluster = z.infer<typeof clusterSchema>;

/** A real cluster of hosts that `scripts/host` forms, and removes with this. What a killed run leaves is removed by the next one. */
export class ClusterUnderTest implements AsyncDisposable {
  private constructor(
    readonly cluster: Cluster,
    readonly directory: string,
    private readonly name: string,
  ) {}

  static async form(members: number): Promise<ClusterUnderTest> {
    const directory = await mkdtemp(join(tmpdir(), KEYS_PREFIX));
    const name = `t${randomBytes(4).toString('hex')}`;
    const labels = Object.entries(hostLabels(directory)).flatMap(([key, value]) => [
      '--label',
      `${key}=${value}`,
    ]);
    const said = await script(directory, 'up', '--name', name, '--members', String(members), ...labels);
    return new ClusterUnderTest(clusterSchema.parse(JSON.parse(said)), directory, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await script(this.directory, 'down', '--name', this.name);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Its keys lie below the directory, which goes with the hosts. */
async function script(directory: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, PIKACI_STATE_DIR: join(directory, 'state') };
  const options = { env, timeout: 20 * 60_000, maxBuffer: 16 * 1024 * 1024 };
  return (await promisify(execFile)(join(repositoryRoot, 'scripts/host'), args, options)).stdout;
}
