import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type PikaciConfig, pikaciConfigSchema } from '../../../domain/config/config.js';
import { type ConfigFault, configFault } from '../../../domain/config/config-fault.js';
import type { Setting } from '../../../domain/values/setting.js';
import { strictest, type Trust } from '../../../domain/values/trust.js';
import type { CliRepository } from '../process/cli-input.js';
import { absolutePath, withAbsolutePaths } from './config-paths.js';
import { type Cleanly, type ConfigSource, configSource } from './config-source.js';
import { SETTING_VARIABLES, trustOfEnvironment, withEnvironment } from './environment-settings.js';
import { CONFIG_NAMES } from './find-config.js';
import { checkHostOption, incusElsewhere, replaceHost } from './host-option.js';
import { parseJsonConfig, type RawConfig } from './json-config.js';
import { loadModuleConfig } from './module-config.js';
import { problemPath } from './problem-path.js';
import { checkStateRoot } from './refused-state-root.js';
import { schemaProblems } from './schema-problems.js';
import { settingSources } from './setting-sources.js';
import { whyFilesOfWorkspace, whyLinkedWorkspace, whyOfWorkspace } from './untrusted-config.js';
import { utf8Text } from './utf8-text.js';

export interface ConfigRequest {
  readonly cwd: string;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--config` */
  readonly file?: string | undefined;
  /** `--config-from` */
  readonly configFrom?: string | undefined;
  /** `--trust` */
  readonly trust?: Trust | undefined;
  readonly repository: CliRepository;
  /** What a signal ends before it ends the command. */
  readonly cleanly?: Cleanly | undefined;
  /** `--host` */
  readonly host?: string | undefined;
  /** `--state-root` */
  readonly stateRoot?: string | undefined;
  /** `--workspace` */
  readonly workspace?: string | undefined;
  /** A run needs targets, and so a file; the other commands can do with `--host` alone. */
  readonly needsFile: boolean;
}

/** A checked configuration. Every path of this machine in it is absolute. */
export interface LoadedConfig {
  readonly config: PikaciConfig;
  /** What the person should know all the same. */
  readonly warning: string | null;
  /** The values that decide where jobs run, and what each came from. */
  readonly settings: readonly Setting[];
  /** Null when there is none and `--host` said enough. */
  readonly file: string | null;
  /** The config's folder. */
  readonly baseDir: string;
  /** What is run: the config's folder, unless another was named. */
  readonly workspace: string;
  /** Where a value stands in the file, for problems that are found later. */
  place(segments: readonly PropertyKey[]): { readonly line: number; readonly column: number } | null;
}

export async function loadConfig(request: ConfigRequest): Promise<Result<LoadedConfig, ConfigFault>> {
  const hostProblem = request.host === undefined ? null : checkHostOption(request.host);
  if (hostProblem !== null) return err(configFault(null, [{ path: '--host', message: hostProblem }]));

  const { host, stateRoot, env, cwd, homeDir } = request;
  const around = trustOfEnvironment(env);
  if (around.isErr()) return err(configFault(null, [around.error]));
  const found = await configSource(request);
  if (found.isErr()) return err(found.error);
  await using source = found.value;
  const file = source?.file ?? null;
  if (source === null && (request.needsFile || host === undefined)) return err(noConfig(request));
  const baseDir = file === null ? cwd : dirname(file);
  const workspace =
    request.workspace === undefined ? baseDir : absolutePath(request.workspace, { baseDir: cwd, homeDir });
  const asked = strictest(request.trust ?? 'trusted', around.value);
  // Before it is read: a module would run.
  const early = await whyUntrusted(asked, source, workspace);
  if (early !== null) return err(configFault(file, [early]));

  const raw = source === null ? ok(EMPTY) : await readRaw(source);
  if (raw.isErr()) return err(configFault(source?.shown ?? null, raw.error));
  const elsewhere = host === undefined ? null : incusElsewhere(raw.value.value, host);
  if (elsewhere !== null) return err(configFault(file, [{ path: '--host', message: elsewhere }]));
  const value = host === undefined ? raw.value.value : replaceHost(raw.value.value, host);

  const parsed = pikaciConfigSchema.safeParse(value);
  if (!parsed.success) {
    const problems = schemaProblems(parsed.error.issues).map(({ segments, message }) => ({
      path: problemPath(segments),
      message,
      ...raw.value.place(segments),
    }));
    return err(configFault(source?.shown ?? null, problems));
  }
  const trust = strictest(asked, parsed.data.trust);
  const environment = withEnvironment({ ...parsed.data, trust }, env);
  if (environment.isErr()) return err(configFault(null, [environment.error]));
  const written = withAbsolutePaths(environment.value, { baseDir, homeDir });
  const root = stateRoot ?? (env[SETTING_VARIABLES.stateRoot] || undefined);
  const config =
    root === undefined ? written : { ...written, stateRoot: absolutePath(root, { baseDir: cwd, homeDir }) };
  const late = await whyUntrusted(config.trust, source, workspace);
  const problems =
    late !== null ? [late] : config.trust === UNTRUSTED ? await whyFilesOfWorkspace(config, workspace) : [];
  if (problems.length > 0) return err(configFault(source?.shown ?? null, problems));
  const { repository } = request;
  const checked = await checkStateRoot(config.stateRoot, { repository, trust: config.trust });
  if (checked.isErr()) return err(configFault(null, [checked.error]));
  return ok({
    config,
    warning: checked.value,
    settings: settingSources({
      config,
      raw: raw.value.value,
      file,
      env,
      host,
      stateRoot,
      trust: request.trust,
    }),
    file,
    baseDir,
    workspace,
    place: raw.value.place,
  });
}

const UNTRUSTED = 'untrusted';
const EMPTY: RawConfig = { value: {}, place: () => null };

/** A commit was chosen by whoever gave the command; a file of the workspace is its author's. */
async function whyUntrusted(trust: Trust, source: ConfigSource | null, workspace: string) {
  if (trust !== UNTRUSTED) return null;
  const linked = await whyLinkedWorkspace(workspace);
  if (linked !== null || source === null || source.fromCommit) return linked;
  return whyOfWorkspace(source.file, workspace);
}

async function readRaw({ text: file, file: known, fromCommit }: ConfigSource) {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return err([{ path: '', message: `cannot be read: ${reason}` }]);
  }
  const text = utf8Text(bytes);
  if (text.isErr()) return err([text.error]);
  if (!/\.[cm]?[jt]s$/.test(file)) return parseJsonConfig(text.value);
  const loaded = await loadModuleConfig(file, { isolated: fromCommit });
  // The folder of a commit is gone when somebody reads its name.
  return loaded.mapErr((problems) =>
    problems.map((problem) => ({
      ...problem,
      message: problem.message.replaceAll(dirname(file), dirname(known)),
    })),
  );
}

function noConfig(request: ConfigRequest): ConfigFault {
  const message = request.needsFile
    ? `there is none of ${CONFIG_NAMES.join(', ')} in ${request.cwd}; "pikaci init" writes one, and --config names one that lies elsewhere`
    : `there is none of ${CONFIG_NAMES.join(', ')} in ${request.cwd}; "pikaci init" writes one, or say which host with --host user@host`;
  return configFault(null, [{ path: '', message }]);
}
