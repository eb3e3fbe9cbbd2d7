/** Of everything else in the runner's environment nothing reaches a child: `TAR_OPTIONS`, `GREP_OPTIONS`, `GIT_DIR`, `BASH_ENV` or `LD_PRELOAD` would change what it does. */
const KEPT: readonly RegExp[] = [
  // Who and where.
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|LANG|LANGUAGE|LC_[A-Z]+|TMPDIR|XDG_[A-Z_]+)$/,
  // How the network, its authorities and the user's agents are reached.
  /^(?:(?:https?|ftp|all|no)_proxy|(?:HTTPS?|FTP|ALL|NO)_PROXY)$/,
  /^(?:SSL_CERT_FILE|SSL_CERT_DIR|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|NODE_EXTRA_CA_CERTS)$/,
  /^(?:SSH_AUTH_SOCK|SSH_ASKPASS|KRB5CCNAME|KRB5_CONFIG|GNUPGHOME|DBUS_SESSION_BUS_ADDRESS)$/,
  // Settings of the programs that pikaci itself starts.
  /^(?:NIX_[A-Z0-9_]+|INCUS_[A-Z0-9_]+)$/,
  /^GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|PARAMETERS|COUNT|KEY_\d+|VALUE_\d+)$/,
  /^(?:GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM|GIT_SSL_(?:CAINFO|CAPATH)|GIT_SSH_COMMAND)$/,
];

/** What every child process of pikaci gets of the environment that pikaci itself has: the one place that decides it. */
export function childEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && KEPT.some((pattern) => pattern.test(name))) kept[name] = value;
  return kept;
}
