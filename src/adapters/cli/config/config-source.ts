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
  /** Does work that leaves something behind when a signal ends the process meanwhile: the signal ends the work instead. */
  readonly cleanly?: Cleanly | undefined;
}

/** See `Interrupts.cleanly`. */
export type Cleanly = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

const withoutSignals: Cleanly = (work) => work(new AbortController().signal);

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
  const { cleanly = withoutSignals } = request;
  const exported = await cleanly(async (signal) => {
    // No other user of this machine can lay modules beside it for it to import.
    const scratch = join(homeDir, '.cache', 'pikaci');
    const done = await request.repository.exportCommit(directory, configFrom, { scratch, signal });
    if (!signal.aborted) return done;
    if (done.isOk()) await done.value[Symbol.asyncDispose]();
    return err('interrupted before the files of the commit were there');
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
