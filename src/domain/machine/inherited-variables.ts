/** What of the host's environment machines get. */
export interface Inherit {
  readonly proxy: boolean;
  readonly registries: boolean;
}

const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy', 'no_proxy'] as const;
/** Each is an address, or several of them, that a package manager takes from its environment. */
const REGISTRY =
  /^(?:npm_config_registry|NPM_CONFIG_REGISTRY|PIP_INDEX_URL|PIP_EXTRA_INDEX_URL|UV_DEFAULT_INDEX|UV_INDEX_URL|GOPROXY|CARGO_REGISTRIES_[A-Z0-9_]+_INDEX)$/;
/** `user:password@` of each address in a text that may have several, separated by blanks, commas or bars. */
const CREDENTIALS = /(^|[\s,|])([a-z][a-z0-9+.-]*:\/\/)?[^\s,|/@]*@/gi;

/**
 * The variables that a machine gets of an environment: proxies under both spellings, since programs differ in which they read, and
 * addresses of package registries. Never credentials.
 */
export function inheritedVariables(
  environment: Readonly<Record<string, string | undefined>>,
  { proxy, registries }: Inherit,
): Record<string, string> {
  const inherited: [string, string][] = [];
  for (const name of proxy ? PROXIES : []) {
    const value = environment[name] || environment[name.toUpperCase()];
    if (!value) continue;
    const shown = name === 'no_proxy' ? value : withoutCredentials(value);
    inherited.push([name, shown], [name.toUpperCase(), shown]);
  }
  for (const [name, value] of registries ? Object.entries(environment) : [])
    if (value && REGISTRY.test(name)) inherited.push([name, withoutCredentials(value)]);
  return Object.fromEntries(inherited);
}

function withoutCredentials(addresses: string): string {
  return addresses.replaceAll(CREDENTIALS, '$1$2');
}
