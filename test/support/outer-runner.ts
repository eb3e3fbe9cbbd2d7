/** Commands that GitHub's runner knows without being told of more. */
const KNOWN = ['group', 'endgroup', 'error', 'warning', 'add-mask', 'set-output', 'debug', 'stop-commands'];

/** What a GitHub Actions runner takes for commands, line by line (`actions/runner`: ActionCommand.cs, ActionCommandManager.cs). */
export function commandsOf(text: string): string[] {
  const known = new Set(KNOWN);
  const taken: string[] = [];
  let word: string | null = null;
  for (const line of text.split('\n')) {
    const [name, data] = parsed(line, known) ?? [null, ''];
    if (name === null) continue;
    if (word !== null) {
      if (name.toLowerCase() !== word.toLowerCase()) continue;
      known.delete(word);
      word = null;
    } else if (name === 'stop-commands') {
      word = data;
      known.add(word);
    } else taken.push(`${name} ${data}`.trim());
  }
  return word === null ? taken : [...taken, 'stopped for good'];
}

function parsed(line: string, known: ReadonlySet<string>): readonly [string, string] | null {
  const [, info = '', data = ''] = /^\s*::((?:(?!::).)*)::(.*)$/.exec(line) ?? [];
  const [name = ''] = info.split(' ', 1);
  if (known.has(name)) return [name, data];
  const [, inBrackets = '', behind = ''] = /##\[([^\]]*)\](.*)$/.exec(line) ?? [];
  const [old = ''] = inBrackets.split(' ', 1);
  return known.has(old) ? [old, behind] : null;
}
