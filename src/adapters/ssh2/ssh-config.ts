import { readFile } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import SSHConfig from 'ssh-config';
import { z } from 'zod';

const words = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));
const one = words.transform((list) => list[0]);

/** What is taken from the entry of a host in ssh_config(5); the rest, StrictHostKeyChecking above all, has no say here. */
const entrySchema = z.object({
  hostname: one.optional(),
  user: one.optional(),
  port: one.transform(Number).pipe(z.number().int().min(1).max(65_535)).optional(),
  identityfile: words.optional(),
  identityagent: one.optional(),
  userknownhostsfile: words.optional(),
  globalknownhostsfile: words.optional(),
  proxyjump: one.optional(),
});

export type SshConfigEntry = z.infer<typeof entrySchema>;

/**
 * An SSH configuration file. Read with the package `ssh-config` and not with `ssh -G`: it works where no ssh is installed, costs
 * no process, and does not run the commands of `Match exec` blocks.
 */
export class SshConfigFile {
  private constructor(
    readonly path: string,
    private readonly config: SSHConfig,
  ) {}

  /** `null` when there is no such file and it need not be there. */
  static async load(path: string, mustExist: boolean): Promise<Result<SshConfigFile | null, string>> {
    try {
      return ok(new SshConfigFile(path, SSHConfig.parse(await readFile(path, 'utf8'))));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      return missing && !mustExist ? ok(null) : err(`${path}: ${(error as Error).message}`);
    }
  }

  entry(host: string, user: string | undefined): Result<SshConfigEntry, string> {
    const query = user === undefined ? { Host: host } : { Host: host, User: user };
    const parsed = entrySchema.safeParse(this.config.compute(query, { ignoreCase: true, matchExec: false }));
    if (parsed.success) return ok(parsed.data);
    const [issue] = parsed.error.issues;
    return err(`${this.path}: ${issue?.path.join('.')} of ${host}: ${issue?.message}`);
  }
}
