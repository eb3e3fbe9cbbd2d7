import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { type ConfigLine, type ConfigPlace, readConfigLines } from './ssh-config-lines.js';
import { type ConfigQuery, ConfigValues } from './ssh-config-values.js';

const yes = z.string().transform((value) => /^(?:yes|true)$/i.test(value));

/** What is taken from the entry of a host in ssh_config(5); see the keywords for the rest, StrictHostKeyChecking above all. */
const entrySchema = z.object({
  hostname: z.string().optional(),
  user: z.string().optional(),
  port: z.string().transform(Number).pipe(z.number().int().min(1).max(65_535)).optional(),
  addressfamily: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['any', 'inet', 'inet6']))
    .optional(),
  bindaddress: z.string().optional(),
  identityfile: z.array(z.string()).optional(),
  identitiesonly: yes.optional(),
  certificatefile: z.array(z.string()).optional(),
  identityagent: z.string().optional(),
  userknownhostsfile: z.array(z.string()).optional(),
  globalknownhostsfile: z.array(z.string()).optional(),
  hostkeyalias: z.string().optional(),
  proxyjump: z.string().optional(),
  proxycommand: z.string().optional(),
  hostkeyalgorithms: z.string().optional(),
  ciphers: z.string().optional(),
  macs: z.string().optional(),
  kexalgorithms: z.string().optional(),
});

export type SshConfigEntry = z.infer<typeof entrySchema>;

/** The lines of a file; `null` when it is not there and need not be. `Err` is a sentence with the file in it. */
export async function loadConfig(
  path: string,
  at: ConfigPlace & { readonly mustExist: boolean },
): Promise<Result<readonly ConfigLine[] | null, string>> {
  try {
    return ok(await readConfigLines(path, at));
  } catch (error) {
    const failed = error as NodeJS.ErrnoException;
    const missing = failed.code === 'ENOENT' && failed.path === path;
    return missing && !at.mustExist ? ok(null) : err(`${path}: ${failed.message}`);
  }
}

/**
 * What configuration files say of a host, the user's before the system's: the first value of a keyword counts. Read here and not
 * with `ssh -G`: it works where no ssh is installed, and a keyword that cannot be honoured is refused by its name. `Err` is a
 * sentence that names the file, the line and the keyword.
 */
export async function configEntry(
  files: readonly (readonly ConfigLine[])[],
  query: ConfigQuery,
): Promise<Result<SshConfigEntry, string>> {
  const values = new ConfigValues(query);
  try {
    for (const lines of files) await values.read(lines);
    if (values.wantsFinal) {
      values.beginFinal();
      for (const lines of files) await values.read(lines);
    }
  } catch (error) {
    return err((error as Error).message);
  }
  const refusal = values.refusal();
  if (refusal !== null) return err(refusal);
  const parsed = entrySchema.safeParse(values.object());
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const keyword = String(issue?.path[0]);
  return err(`${values.placeOf(keyword)}: ${keyword} of ${query.host}: ${issue?.message}`);
}
