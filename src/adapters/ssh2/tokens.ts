/**
 * Fills in `%x`, and `${NAME}` where there are variables, as OpenSSH does (misc.c, percent_expand and percent_dollar_expand). Throws for
 * what is not among `values`, and for a variable that is not set.
 */
export function expandTokens(
  text: string,
  values: Readonly<Record<string, string>>,
  variables?: Readonly<Record<string, string | undefined>>,
): string {
  const pattern = variables === undefined ? /%(.?)/gs : /%(.?)|\$\{([^}]*)\}/gs;
  return text.replace(pattern, (whole, letter: string | undefined, name?: unknown) => {
    if (letter === undefined) return variableOf(String(name), text, variables);
    const value = letter === '%' ? '%' : Object.hasOwn(values, letter) ? values[letter] : undefined;
    if (value === undefined) throw new Error(`${whole} is no token that can be filled in: ${text}`);
    return value;
  });
}

function variableOf(
  name: string,
  text: string,
  variables: Readonly<Record<string, string | undefined>> = {},
): string {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (value === undefined) throw new Error(`the variable ${name} is not set: ${text}`);
  return value;
}

/** What `HostName` makes of the name that was asked for. That name itself has no tokens: the zone of an address begins with `%`. */
export function hostnameOf(asked: string, hostname: string | undefined): string {
  return hostname === undefined ? asked : expandTokens(hostname, { h: asked });
}

/** A name as it is connected to: in lower case, unless it can only be an address (ssh.c, main and is_addr_fast). */
export function realName(name: string): string {
  return /[%:]/.test(name) ? name : name.toLowerCase();
}

/** Of a host name what stands before its first dot. */
export function firstLabel(name: string): string {
  return name.split('.')[0] ?? name;
}

/** Whether a name may stand in a command line, as OpenSSH judges it (readconf.c, ssh_valid_hostname). */
export function isValidHostName(name: string): boolean {
  return name !== '' && !name.startsWith('-') && !/[\s'"`$\\;&<>|(){},\p{Cc}]/u.test(name);
}

/** The same of a user (readconf.c, ssh_valid_ruser), who may be spelt more freely; a `$` is not taken here either. */
export function isValidUser(name: string): boolean {
  if (name.startsWith('-') || /\s-/.test(name) || name.endsWith('\\')) return false;
  return !/['`"$;&<>|(){}\p{Cc}]/u.test(name);
}
