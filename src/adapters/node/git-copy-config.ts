interface Setting {
  /** As git prints it: section and key in lower case. */
  readonly name: string;
  readonly value: string;
}

/** By these git decides whether a file of the work tree is as it was committed. */
const NEEDED = /^core\.(autocrlf|eol|filemode|ignorecase|symlinks)$/;
const WORD = /^[a-z0-9]{1,8}$/i;

/** The file `config` of a copied repository: what it is not usable without, and where it came from. Nothing else of the user's is in it. */
export function configOfCopy(objectFormat: string, settings: readonly Setting[]): string {
  const core = new Map(
    settings
      .filter(({ name, value }) => NEEDED.test(name) && WORD.test(value))
      .map(({ name, value }) => [name.slice('core.'.length), value]),
  );
  const sha1 = objectFormat === 'sha1';
  const lines = ['[core]', `\trepositoryformatversion = ${sha1 ? 0 : 1}`, '\tbare = false'];
  for (const [name, value] of core) lines.push(`\t${name} = ${value}`);
  if (!sha1) lines.push('[extensions]', `\tobjectformat = ${objectFormat}`);
  for (const { name, value } of settings) {
    const remote = /^remote\.([A-Za-z0-9][A-Za-z0-9._-]*)\.url$/.exec(name)?.[1];
    const url = remote === undefined ? null : withoutCredentials(value);
    if (url === null) continue;
    lines.push(`[remote "${remote}"]`, `\turl = ${url}`, `\tfetch = +refs/heads/*:refs/remotes/${remote}/*`);
  }
  return `${lines.join('\n')}\n`;
}

/** Null for what means nothing on another machine, such as a path, and for what cannot be shown to have no secret in it. */
function withoutCredentials(text: string): string | null {
  if (!/^[A-Za-z0-9@:/._~+%[\]-]+$/.test(text)) return null;
  if (!text.includes('://')) return /^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^@:]+$/.test(text) ? text : null;
  if (!/^(https?|ssh|git):\/\//.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  url.password = '';
  // A token may stand in the user's place; for SSH the name is a login.
  if (url.protocol !== 'ssh:') url.username = '';
  return url.href;
}
