import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type PikaciConfig, pikaciConfigSchema } from '../../../domain/config/config.js';
import { type ConfigFault, type ConfigProblem, configFault } from '../../../domain/config/config-fault.js';
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
import { type AuthorsFolder, whyFilesOfAuthor, whyLinkedWorkspace, whyOfAuthor } from './untrusted-config.js';
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
  /** The workspace goes to a machine, also when none is named; one that is named always does. */
  readonly sendsWorkspace?: boolean | undefined;
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
  /** What stands against sending another folder than that: its author, who is not trusted, could say how. Nothing when the author is. */
  whyNotSent(folder: string): Promise<readonly ConfigProblem[]>;
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
  const authors = authorsFolders(request, { workspace, baseDir, asked, source });
  const early = await whyUntrusted(asked, source, authors);
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
  const problems = await whyNotUsed(config, source, authors);
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
    whyNotSent: (folder) => whyNotUsed(config, source, [{ path: folder, as: 'workspace' }]),
    place: raw.value.place,
  });
}

const UNTRUSTED = 'untrusted';
const EMPTY: RawConfig = { value: {}, place: () => null };

/**
 * Whose author is meant by "untrusted": that of the folder that is sent. A command that sends none is given where such an author's files may
 * lie, if whoever gives it says that the author is not trusted. A configuration that says so itself means the folders that it is used for: it
 * has been read then, and one whose author wanted to be read would not say it. What a commit has is not there as that commit has it.
 */
function authorsFolders(
  { cwd, workspace: named, sendsWorkspace = named !== undefined }: ConfigRequest,
  { workspace, baseDir, asked, source }: Asked,
): readonly AuthorsFolder[] {
  if (sendsWorkspace) return [{ path: workspace, as: 'workspace' }];
  const paths = new Set([...(asked === UNTRUSTED ? [cwd] : []), ...(source?.fromCommit ? [baseDir] : [])]);
  // All lies in the root directory, which is nobody's workspace.
  return [...paths].filter((path) => path !== '/').map((path) => ({ path, as: 'current folder' }));
}

interface Asked {
  readonly workspace: string;
  readonly baseDir: string;
  readonly asked: Trust;
  readonly source: ConfigSource | null;
}

/** A commit was chosen by whoever gave the command; a file of the folder is its author's. */
async function whyUntrusted(
  trust: Trust,
  source: ConfigSource | null,
  authors: readonly AuthorsFolder[],
): Promise<ConfigProblem | null> {
  if (trust !== UNTRUSTED) return null;
  for (const folder of authors) {
    const linked = folder.as === 'workspace' ? await whyLinkedWorkspace(folder.path) : null;
    const problem =
      linked ?? (source === null || source.fromCommit ? null : await whyOfAuthor(source.file, folder));
    if (problem !== null) return problem;
  }
  return null;
}

/** The same of a configuration that has been read, and of the files that it names. */
async function whyNotUsed(
  config: PikaciConfig,
  source: ConfigSource | null,
  authors: readonly AuthorsFolder[],
): Promise<ConfigProblem[]> {
  if (config.trust !== UNTRUSTED) return [];
  const itself = await whyUntrusted(config.trust, source, authors);
  if (itself !== null) return [itself];
  return (await Promise.all(authors.map((folder) => whyFilesOfAuthor(config, folder)))).flat();
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
