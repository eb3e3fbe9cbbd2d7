import { addressWithoutCredentials } from './address-without-credentials.js';

/** What of the network that a host is in its machines get. */
export interface Inherit {
  /** The certificates that it trusts. */
  readonly ca: boolean;
  readonly proxy: boolean;
  readonly registries: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'] as const;
const NO_PROXY = 'no_proxy';
/** Variables that package managers take addresses from, and what stands between the addresses of one that has several. */
const REGISTRIES: readonly (readonly [RegExp, RegExp | null])[] = [
  [
    /^(?:npm_config_registry|NPM_CONFIG_REGISTRY|PIP_INDEX_URL|UV_DEFAULT_INDEX|UV_INDEX_URL|CARGO_REGISTRY_DEFAULT|CARGO_REGISTRIES_[A-Z0-9_]+_INDEX)$/,
    null,
  ],
  [/^(?:PIP_EXTRA_INDEX_URL|PIP_TRUSTED_HOST|UV_EXTRA_INDEX_URL|UV_INDEX)$/, /(\s+)/],
  [/^GOPROXY$/, /([,|])/],
];
/** `NAME=` before an address, as uv has it. */
const NAMED = /^([A-Za-z0-9_.-]+=)?(.*)$/s;

/**
 * The variables that a machine gets of an environment: proxies under both spellings, since programs differ in which they read, and
 * addresses of package registries. Never credentials. An address that cannot be told from them is left out, and `onLeftOut` hears of its variable.
 */
export function inheritedVariables(
  environment: Environment,
  { proxy, registries }: Pick<Inherit, 'proxy' | 'registries'>,
  onLeftOut: (name: string) => void = () => {},
): Record<string, string> {
  const inherited: [string, string][] = [];
  const give = (name: string, value: string | undefined, between: RegExp | null, names = [name]) => {
    if (!value) return;
    const shown = withoutCredentials(value, between);
    if (shown !== value && shown === '') onLeftOut(name);
    else inherited.push(...names.map((each): [string, string] => [each, shown]));
  };
  for (const name of proxy ? PROXIES : [])
    give(name, either(environment, name), null, [name, name.toUpperCase()]);
  const direct = proxy ? either(environment, NO_PROXY) : undefined;
  if (direct) inherited.push([NO_PROXY, direct], [NO_PROXY.toUpperCase(), direct]);
  for (const [name, value] of registries ? Object.entries(environment) : []) {
    const [, between] = REGISTRIES.find(([known]) => known.test(name)) ?? [];
    if (between !== undefined) give(name, value, between);
  }
  return Object.fromEntries(inherited);
}

const either = (environment: Environment, name: string) =>
  environment[name] || environment[name.toUpperCase()];

function withoutCredentials(value: string, between: RegExp | null): string {
  const parts = between === null ? [value.trim()] : value.trim().split(between);
  // Every second part is what stands between two addresses.
  const shown = parts.map((part, index) => {
    if (index % 2 === 1) return part;
    const [, name = '', address = ''] = NAMED.exec(part) ?? [];
    const bare = addressWithoutCredentials(address);
    return bare === null ? null : `${name}${bare}`;
  });
  if (!shown.includes(null)) return shown.join('');
  const kept = shown.filter((part, index): part is string => index % 2 === 0 && part !== null);
  return kept.join(parts[1] ?? '');
}
