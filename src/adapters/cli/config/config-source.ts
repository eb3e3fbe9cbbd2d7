import { basename, dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type ConfigFault, configFault } from '../../../domain/config/config-fault.js';
import type { CliRepository } from '../process/cli-input.js';
import { absolutePath } from './config-paths.js';
import { findConfig } from './find-config.js';

export interface ConfigSourceRequest {
  readonly cwd: string;
  readonly homeDir: string;
  /** `--config` */
  readonly file?: string | undefined;
  /** `--config-from` */
  readonly configFrom?: string | undefined;
  readonly repository: CliRepository;
}

/** Where the text of a configuration is read, and what it is called. */
export interface ConfigSource extends AsyncDisposable {
  /** What is read. */
  readonly text: string;
  /** What people know it as: its relative paths start there. */
  readonly file: string;
  /** As `REV:FILE` where it comes from a commit. */
  readonly shown: string;
  readonly fromCommit: boolean;
}

/** The file that was named or found, as it is or as a commit has it; null when there is none. */
export async function configSource(
  request: ConfigSourceRequest,
): Promise<Result<ConfigSource | null, ConfigFault>> {
  const { cwd, homeDir, file: named, configFrom } = request;
  if (configFrom === undefined) {
    const found = await findConfig({ cwd, homeDir, named });
    return found.map((file) =>
      file === null ? null : { text: file, file, shown: file, fromCommit: false, ...KEPT },
    );
  }
  const at = named === undefined ? null : absolutePath(named, { baseDir: cwd, homeDir });
  const directory = at === null ? cwd : dirname(at);
  const exported = await request.repository.exportCommit(directory, configFrom, {
    // No other user of this machine can lay modules beside it for it to import.
    scratch: join(homeDir, '.cache', 'pikaci'),
  });
  if (exported.isErr()) return err(configFault(null, [{ path: '--config-from', message: exported.error }]));
  const { directory: then } = exported.value;
  const dispose = () => exported.value[Symbol.asyncDispose]();
  const found = await findConfig({
    cwd: then,
    homeDir,
    named: at === null ? undefined : join(then, basename(at)),
  });
  const text = found.unwrapOr(null);
  if (text === null) {
    await dispose();
    const what = at === null ? 'no configuration' : `no ${basename(at)}`;
    const message = `the commit ${configFrom} has ${what} in ${directory}`;
    return err(configFault(null, [{ path: '--config-from', message }]));
  }
  const file = join(directory, basename(text));
  return ok({ text, file, shown: `${configFrom}:${file}`, fromCommit: true, [Symbol.asyncDispose]: dispose });
}

const KEPT = { [Symbol.asyncDispose]: async () => {} };
