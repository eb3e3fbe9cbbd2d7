/** Fills in `%x` as OpenSSH does (misc.c, percent_expand). Throws for a token that is not among `values`. */
export function expandTokens(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/%(.?)/gs, (whole, letter: string) => {
    const value = letter === '%' ? '%' : values[letter];
    if (value === undefined) throw new Error(`${whole} is no token that can be filled in: ${text}`);
    return value;
  });
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
