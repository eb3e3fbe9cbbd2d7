import {
  aptConfiguration,
  cargoSettings,
  goVariables,
  INHERITED_FILES,
  npmVariables,
  pipVariables,
} from '../../../domain/machine/registry-files.js';
import type { HostReader } from './host-reader.js';

const LARGEST_FILE = 1024 * 1024;

/** A file that machines get, where their image has none. */
export interface InheritedFile {
  readonly path: string;
  readonly content: string;
}

export interface HostRegistries {
  /** As the variables of each package manager would say it; credentials are not taken out yet. */
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly InheritedFile[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the files of package managers on the host say of their registries: each in the order in which its program reads them, the later ones count. */
export async function hostRegistries(
  reader: HostReader,
  environment: Environment,
  aptDump: string,
): Promise<HostRegistries> {
  const { npm, pip, go, cargo } = places(environment);
  const texts = async (paths: readonly string[]) => {
    const read = await Promise.all(paths.map((path) => reader.read(path, LARGEST_FILE)));
    return read.flatMap((file) => (file === null ? [] : [Buffer.from(file.bytes).toString('utf8')]));
  };
  const [ofNpm, ofPip, ofGo, ofCargo] = await Promise.all([texts(npm), texts(pip), texts(go), texts(cargo)]);
  // Of two names of a configuration cargo reads the one without an extension.
  const crates = cargoSettings(ofCargo[0] ?? '');
  const apt = aptConfiguration(aptDump);
  const all: Record<string, string> = Object.assign(
    {},
    ...ofNpm.map(npmVariables),
    ...ofPip.map(pipVariables),
    ...ofGo.map(goVariables),
    crates.variables,
  );
  // A variable counts before a file, under either of its spellings.
  if (environment['NPM_CONFIG_REGISTRY']) delete all['npm_config_registry'];
  return {
    variables: all,
    files: [
      ...(crates.sources === '' ? [] : [{ path: INHERITED_FILES.cargo, content: crates.sources }]),
      ...(apt === '' ? [] : [{ path: INHERITED_FILES.apt, content: apt }]),
    ],
  };
}

function places(environment: Environment) {
  const home = absolute(environment['HOME']);
  const atHome = (path: string) => (home === null ? [] : [`${home}/${path}`]);
  const config = absolute(environment['XDG_CONFIG_HOME']);
  const inConfig = (path: string) => (config === null ? atHome(`.config/${path}`) : [`${config}/${path}`]);
  const named = (name: string) => absolute(environment[name]);
  const only = (path: string | null, otherwise: readonly string[]) => (path === null ? otherwise : [path]);
  const cargoHome = named('CARGO_HOME');
  return {
    npm: [
      ...['/usr/etc/npmrc', '/usr/local/etc/npmrc', '/etc/npmrc'],
      ...only(named('npm_config_userconfig') ?? named('NPM_CONFIG_USERCONFIG'), atHome('.npmrc')),
    ],
    pip: [
      '/etc/xdg/pip/pip.conf',
      '/etc/pip.conf',
      ...atHome('.pip/pip.conf'),
      ...inConfig('pip/pip.conf'),
      ...only(named('PIP_CONFIG_FILE'), []),
    ],
    go: only(named('GOENV'), inConfig('go/env')),
    cargo:
      cargoHome === null
        ? [...atHome('.cargo/config'), ...atHome('.cargo/config.toml')]
        : [`${cargoHome}/config`, `${cargoHome}/config.toml`],
  };
}

const absolute = (path: string | undefined) => (path?.startsWith('/') === true ? path : null);
