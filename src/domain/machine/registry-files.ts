import { addressWithoutCredentials } from './address-without-credentials.js';

/** What the settings of package managers say of addresses. Nothing else of such a file is taken: its tokens stay where they are. */

type Settings = Readonly<Record<string, string>>;

/** `NAME = value` lines of an INI file, by `section.name`; a line that is indented goes on with the value before it. */
function iniSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  let section = '';
  let key = '';
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const [, header] = /^\s*\[([^\]]*)\]\s*$/.exec(line) ?? [];
    const [, name, value = ''] = /^([^\s=:][^=]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) [section, key] = [header.trim(), ''];
    else if (/^\s/.test(line) && key !== '') settings.set(key, `${settings.get(key)} ${line.trim()}`.trim());
    else if (name !== undefined) {
      key = `${section}.${name.toLowerCase().replaceAll('_', '-')}`;
      settings.set(key, unquoted(value));
    }
  }
  return settings;
}

const unquoted = (value: string) => /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;

/** `registry` of an npmrc; one that takes a part from the environment is none. Those of scopes have no variable. */
export function npmVariables(text: string): Settings {
  // Its keys may have a colon: only a line of the form that is wanted is looked at.
  const found = [...text.matchAll(/^[ \t]*registry[ \t]*=[ \t]*(\S+)[ \t]*\r?$/gm)].at(-1)?.[1];
  return found === undefined || found.includes('${') ? {} : { npm_config_registry: unquoted(found) };
}

/** Of a pip.conf; what is said of `pip install` counts before what is said of all. */
export function pipVariables(text: string): Settings {
  const settings = iniSettings(text);
  const of = (name: string) => settings.get(`install.${name}`) ?? settings.get(`global.${name}`);
  return present({
    PIP_INDEX_URL: of('index-url'),
    PIP_EXTRA_INDEX_URL: of('extra-index-url'),
    PIP_TRUSTED_HOST: of('trusted-host'),
  });
}

/** Of Go's own file of variables. */
export function goVariables(text: string): Settings {
  return present({ GOPROXY: /^GOPROXY=(\S+)\s*$/m.exec(text)?.[1] });
}

/** The first line of a file that machines inherit, behind the sign of a comment. Copies of a template must not have such a file. */
export const INHERITED_MARK = 'inherited by pikaci';

/** Where these files are in a machine. */
export const INHERITED_FILES = {
  cargo: '/.cargo/config.toml',
  apt: '/etc/apt/apt.conf.d/90pikaci-inherited',
} as const;

export interface CargoSettings {
  readonly variables: Settings;
  /** Sources that stand in for others have no variable: what a machine's configuration says of them; empty without any. */
  readonly sources: string;
}

/** Of a cargo configuration: tables, dotted keys and inline tables of registries and sources. Directories of the host are left out. */
export function cargoSettings(text: string): CargoSettings {
  const values = tomlStrings(text);
  const variables: Record<string, string> = {};
  for (const [path, value] of values) {
    const [, name] = /^registries\.([A-Za-z0-9_-]+)\.index$/.exec(path) ?? [];
    if (name !== undefined)
      variables[`CARGO_REGISTRIES_${name.toUpperCase().replaceAll('-', '_')}_INDEX`] = value;
  }
  const standard = values.get('registry.default');
  if (standard !== undefined && /^[A-Za-z0-9_-]+$/.test(standard))
    variables['CARGO_REGISTRY_DEFAULT'] = standard;
  return { variables, sources: cargoSources(values) };
}

function cargoSources(values: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  for (const [path, by] of values) {
    const [, name] = /^source\.([A-Za-z0-9_-]+)\.replace-with$/.exec(path) ?? [];
    if (name === undefined || !/^[A-Za-z0-9_-]+$/.test(by)) continue;
    // Another source, or one of the registries; what leads to neither address nor another source would end every build.
    const isReplaced = values.has(`source.${by}.replace-with`);
    const address = addressWithoutCredentials(values.get(`source.${by}.registry`) ?? ' ');
    if (!isReplaced && address === null && !values.has(`registries.${by}.index`)) continue;
    lines.push(`[source.${name}]`, `replace-with = "${by}"`);
    const own = addressWithoutCredentials(values.get(`source.${name}.registry`) ?? ' ');
    if (own !== null) lines.push(`registry = ${JSON.stringify(own)}`);
    if (address !== null && !isReplaced)
      lines.push(`[source.${by}]`, `registry = ${JSON.stringify(address)}`);
  }
  return lines.length === 0 ? '' : `# ${INHERITED_MARK}\n${[...new Set(blocksOf(lines))].join('\n')}\n`;
}

/** Each table with its lines, so that one that two sources lead to is written once. */
function blocksOf(lines: readonly string[]): readonly string[] {
  return lines
    .join('\n')
    .split(/\n(?=\[)/)
    .map((block) => block.trim());
}

/** Strings of a TOML file by their dotted path, as far as cargo's registries and sources need it. */
function tomlStrings(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let table = '';
  const add = (path: string, value: string) => {
    const names = path.split('.').map((name) => unquoted(name.trim()));
    values.set([table, ...names].filter(Boolean).join('.'), value);
  };
  for (const line of text.split(/\r?\n/)) {
    const [, header] = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line) ?? [];
    if (header !== undefined)
      table = header
        .split('.')
        .map((name) => unquoted(name.trim()))
        .join('.');
    const [, key, , value] = /^\s*([\w."'-]+)\s*=\s*(["'])(.*?)\2\s*(?:#.*)?$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) add(key, value);
    const [, outer, inline = ''] = /^\s*([\w."'-]+)\s*=\s*\{(.*)\}\s*(?:#.*)?$/.exec(line) ?? [];
    if (outer === undefined) continue;
    for (const [, name, , text_] of inline.matchAll(/([\w-]+)\s*=\s*(["'])(.*?)\2/g))
      if (name !== undefined && text_ !== undefined) add(`${outer}.${name}`, text_);
  }
  return values;
}

/** Proxies of apt alone, from `apt-config dump`; empty without any. */
export function aptConfiguration(dump: string): string {
  const lines = [...dump.matchAll(/^(Acquire::https?::Proxy(?:::[A-Za-z0-9.-]+)?) "([^"\n]*)";$/gm)];
  const shown = lines.flatMap(([, name = '', value = '']) => {
    const proxy = /^DIRECT$/i.test(value) ? value : value === '' ? null : addressWithoutCredentials(value);
    return proxy === null ? [] : [`${name} "${proxy}";\n`];
  });
  return shown.length === 0 ? '' : [`// ${INHERITED_MARK}\n`, ...shown].join('');
}

function present(given: Readonly<Record<string, string | undefined>>): Settings {
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => (entry[1] ?? '') !== ''),
  );
}
