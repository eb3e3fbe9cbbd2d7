/** What stands for itself in a glob but not in an extended regular expression. */
const LITERAL = /[.^$|]/;
/** From one of these on, everything is let through: the globs themselves choose again among what comes. */
const BEYOND = /[[\]{}()!+@\\]/;

/**
 * For each relative artifact pattern an extended regular expression (POSIX 9.4) over `./path` that matches at least what the glob
 * does. A microVM is switched off before anybody collects, so its guest sets aside what may be asked for, and needs no globs for that.
 */
export function workspacePatterns(globs: readonly string[]): string[] {
  return globs
    .filter((glob) => !glob.startsWith('/'))
    .map((glob) => `^\\./${expression(glob.replace(/^(\.\/)+/, '').replace(/\*{2,}(\/\*{2,})+/g, '**'))}`);
}

function expression(glob: string): string {
  let made = '';
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at);
    if (BEYOND.test(char)) return `${made}.*$`;
    if (glob.startsWith('**', at)) {
      while (glob.charAt(at + 1) === '*') at++;
      const last = at + 1 >= glob.length;
      if (glob.charAt(at + 1) === '/') at++;
      // `a/**` is also `a` itself.
      made = last && made.endsWith('/') ? `${made.slice(0, -1)}(/.*)?` : `${made}.*`;
    } else if (char === '*') made += '[^/]*';
    else if (char === '?') made += '[^/]';
    else made += LITERAL.test(char) ? `\\${char}` : char;
  }
  return `${made}$`;
}
