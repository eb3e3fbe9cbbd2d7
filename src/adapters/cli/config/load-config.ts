import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { type PikaciConfig, pikaciConfigSchema } from '../../../domain/config/config.js';
import { type ConfigFault, configFault } from '../../../domain/config/config-fault.js';
import type { Setting } from '../../../domain/values/setting.js';
import { absolutePath, withAbsolutePaths } from './config-paths.js';
import { SETTING_VARIABLES, withEnvironment } from './environment-settings.js';
import { CONFIG_NAMES, findConfig } from './find-config.js';
import { checkHostOption, incusElsewhere, replaceHost } from './host-option.js';
import { parseJsonConfig, type RawConfig } from './json-config.js';
import { loadModuleConfig } from './module-config.js';
import { problemPath } from './problem-path.js';
import { schemaProblems } from './schema-problems.js';
import { settingSources } from './setting-sources.js';
import { utf8Text } from './utf8-text.js';

export interface ConfigRequest {
  readonly cwd: string;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--config` */
  readonly file?: string | undefined;
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

  const found = await findConfig({ cwd: request.cwd, homeDir: request.homeDir, named: request.file });
  if (found.isErr()) return err(found.error);
  const file = found.value;
  if (file === null && (request.needsFile || request.host === undefined)) return err(noConfig(request));

  const raw = file === null ? ok(EMPTY) : await readRaw(file);
  if (raw.isErr()) return err(configFault(file, raw.error));
  const elsewhere = request.host === undefined ? null : incusElsewhere(raw.value.value, request.host);
  if (elsewhere !== null) return err(configFault(file, [{ path: '--host', message: elsewhere }]));
  const value = request.host === undefined ? raw.value.value : replaceHost(raw.value.value, request.host);

  const parsed = pikaciConfigSchema.safeParse(value);
  if (!parsed.success) {
    const problems = schemaProblems(parsed.error.issues).map(({ segments, message }) => ({
      path: problemPath(segments),
      message,
      ...raw.value.place(segments),
    }));
    return err(configFault(file, problems));
  }
  const environment = withEnvironment(parsed.data, request.env);
  if (environment.isErr()) return err(configFault(null, [environment.error]));
  const baseDir = file === null ? request.cwd : dirname(file);
  const written = withAbsolutePaths(environment.value, { baseDir, homeDir: request.homeDir });
  const root = request.stateRoot ?? (request.env[SETTING_VARIABLES.stateRoot] || undefined);
  const config =
    root === undefined
      ? written
      : { ...written, stateRoot: absolutePath(root, { baseDir: request.cwd, homeDir: request.homeDir }) };
  const { host, stateRoot, env, cwd, homeDir } = request;
  const workspace =
    request.workspace === undefined ? baseDir : absolutePath(request.workspace, { baseDir: cwd, homeDir });
  return ok({
    config,
    settings: settingSources({ config, raw: raw.value.value, file, env, host, stateRoot }),
    file,
    baseDir,
    workspace,
    place: raw.value.place,
  });
}

const EMPTY: RawConfig = { value: {}, place: () => null };

async function readRaw(file: string) {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return err([{ path: '', message: `cannot be read: ${reason}` }]);
  }
  const text = utf8Text(bytes);
  if (text.isErr()) return err([text.error]);
  return /\.[cm]?[jt]s$/.test(file) ? loadModuleConfig(file) : parseJsonConfig(text.value);
}

function noConfig(request: ConfigRequest): ConfigFault {
  const message = request.needsFile
    ? `there is none of ${CONFIG_NAMES.join(', ')} in ${request.cwd}; "pikaci init" writes one, and --config names one that lies elsewhere`
    : `there is none of ${CONFIG_NAMES.join(', ')} in ${request.cwd}; "pikaci init" writes one, or say which host with --host user@host`;
  return configFault(null, [{ path: '', message }]);
}
