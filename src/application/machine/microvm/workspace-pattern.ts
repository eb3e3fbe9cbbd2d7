/** What stands for itself in a glob, or in a part of a path, but not in an extended regular expression. */
const LITERAL = /[.^$|[\]{}()*+?\\]/g;
/** A glob with one of these is let through from its first pattern on: the globs themselves choose again among what comes. */
const BEYOND = /[[\]{}()!+@\\]/;

/**
 * For each relative artifact pattern an extended regular expression (POSIX 9.4) over `./path` that matches at least what the glob
 * does. A microVM is switched off before anybody collects, so its guest sets aside what may be asked for, and needs no globs for that.
 */
export function workspacePatterns(globs: readonly string[]): string[] {
  return (
    globs
      // Those that leave out say nothing of what is wanted.
      .filter((glob) => !glob.startsWith('/') && !glob.startsWith('!'))
      .map((glob) => `^\\./${expression(glob.replace(/^(\.\/)+/, '').replace(/\*{2,}(\/\*{2,})+/g, '**'))}`)
  );
}

function expression(glob: string): string {
  if (BEYOND.test(glob)) return below(glob);
  let made = '';
  for (let at = 0; at < glob.length; at++) {
    const char = glob.charAt(at);
    if (glob.startsWith('**', at)) {
      while (glob.charAt(at + 1) === '*') at++;
      const last = at + 1 >= glob.length;
      if (glob.charAt(at + 1) === '/') at++;
      // `a/**` is also `a` itself.
      made = last && made.endsWith('/') ? `${made.slice(0, -1)}(/.*)?` : `${made}.*`;
    } else if (char === '*') made += '[^/]*';
    else if (char === '?') made += '[^/]';
    else made += quoted(char);
  }
  return `${made}$`;
}

/** Everything below the parts of a path that are no pattern, and what they lead to. */
function below(glob: string): string {
  const parts = glob.split('/');
  const first = parts.findIndex((part) => part.includes('*') || part.includes('?') || BEYOND.test(part));
  return first === 0 ? '' : `${quoted(parts.slice(0, first).join('/'))}(/.*)?$`;
}

const quoted = (text: string) => text.replace(LITERAL, '\\$&');
