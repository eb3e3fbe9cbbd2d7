import { err, ok, type Result } from 'neverthrow';
import SSHConfig from 'ssh-config';
import { z } from 'zod';
import { SshConfigText } from './ssh-config-text.js';

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
  identitiesonly: one.transform((value) => /^(?:yes|true)$/i.test(value ?? '')).optional(),
  certificatefile: words.optional(),
  identityagent: one.optional(),
  userknownhostsfile: words.optional(),
  globalknownhostsfile: words.optional(),
  proxyjump: one.optional(),
});

/** A keyword of its own in a block, to see whether the block counts. */
const PROBE = 'pikaciprobe';

export type SshConfigEntry = z.infer<typeof entrySchema>;

/**
 * An SSH configuration file. Read with the package `ssh-config` and not with `ssh -G`: it works where no ssh is installed, costs
 * no process, and does not run the commands of `Match exec` blocks.
 */
export class SshConfigFile {
  private constructor(
    readonly path: string,
    private readonly text: SshConfigText,
  ) {}

  /** `null` when there is no such file and it need not be there. */
  static async load(
    path: string,
    at: { readonly home: string; readonly mustExist: boolean },
  ): Promise<Result<SshConfigFile | null, string>> {
    try {
      return ok(new SshConfigFile(path, await SshConfigText.read(path, at.home)));
    } catch (error) {
      const failed = error as NodeJS.ErrnoException;
      const missing = failed.code === 'ENOENT' && failed.path === path;
      return missing && !at.mustExist ? ok(null) : err(`${path}: ${(error as Error).message}`);
    }
  }

  entry(host: string, user: string | undefined): Result<SshConfigEntry, string> {
    const query = user === undefined ? { Host: host } : { Host: host, User: user };
    const options = { ignoreCase: true, matchExec: false };
    const inForce = (header: string) =>
      PROBE in SSHConfig.parse(`${header}\n  ${PROBE} yes\n`).compute(query, options);
    let computed: unknown;
    try {
      computed = SSHConfig.parse(this.text.flatten(inForce)).compute(query, options);
    } catch (error) {
      return err(`${this.path}: ${(error as Error).message}`);
    }
    const parsed = entrySchema.safeParse(computed);
    if (parsed.success) return ok(parsed.data);
    const [issue] = parsed.error.issues;
    return err(`${this.path}: ${issue?.path.join('.')} of ${host}: ${issue?.message}`);
  }
}
