// Puts the shell scripts that pikaci sends together from their parts. A directory of parts is one script: its files, in the order of
// their names, with an empty line between two. `NN-name.sh` goes in as it is, but for the line that tells shellcheck that it is a part;
// `NN-some-name.awk` becomes the shell variable `some_name_awk`. nix/assemble.nix does the same where there is no Node.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SCRIPTS = [
  { parts: 'guest/supervisor', script: 'guest/pikaci-incus-run' },
  { parts: 'microvm/host', script: 'microvm/pikaci-microvm-host' },
];

const PART = '# shellcheck shell=sh\n';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The text that the parts in a directory make up. */
export function assemble(directory) {
  return readdirSync(directory)
    .sort()
    .map((name, index) => partText(name, readFileSync(join(directory, name), 'utf8'), index === 0))
    .join('\n');
}

function partText(name, text, first) {
  const [, base, kind] = /^\d\d-([a-z0-9-]+)\.(sh|awk)$/.exec(name) ?? [];
  if (base === undefined) throw new Error(`${name}: a part is called NN-name.sh or NN-name.awk`);
  if (!text.endsWith('\n')) throw new Error(`${name}: the last line has no end`);
  if (kind === 'awk') {
    if (text.includes("'"))
      throw new Error(`${name}: an awk program stands between single quotes: write \\047`);
    return `${base.replaceAll('-', '_')}_awk='\n${text}'\n`;
  }
  if (first) return text;
  if (!text.startsWith(PART)) throw new Error(`${name}: the first line of a part is "${PART.trim()}"`);
  return text.slice(PART.length);
}

/** Writes each script whose text is not up to date, in one step: a reader finds the old text or the new one. */
export function assembleScripts(root = repository) {
  for (const { parts, script } of SCRIPTS) {
    const text = assemble(join(root, parts));
    const path = join(root, script);
    if (isCurrent(path, text)) continue;
    mkdirSync(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}.new`;
    writeFileSync(unfinished, text, { mode: 0o755 });
    renameSync(unfinished, path);
  }
}

function isCurrent(path, text) {
  try {
    return (statSync(path).mode & 0o777) === 0o755 && readFileSync(path, 'utf8') === text;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

if (process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === import.meta.url)
  assembleScripts();
