import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { globFiles } from './glob-files.js';

/** OpenSSH's own bound of includes within includes (readconf.c, READCONF_MAX_DEPTH). */
const DEEPEST = 16;
const MOST_FILES = 256;
const WRITABLE_BY_ALL = 0o002;

/** A line of an SSH configuration that says something. */
export interface ConfigLine {
  /** `FILE line N`, for messages. */
  readonly at: string;
  /** As it is written. */
  readonly name: string;
  /** In lower case. */
  readonly keyword: string;
  /** All behind the keyword: the value of keywords that take a command. */
  readonly rest: string;
  /** The same as words, without quotes, escapes and a comment. */
  readonly words: readonly string[];
  /** Of an `Include`: the files that it names, in their order. */
  readonly included: readonly (readonly ConfigLine[])[];
}

export interface ConfigPlace {
  readonly home: string;
  /** Relative `Include`s are of the file's own folder and not of `~/.ssh`: the configuration of the system. */
  readonly isSystem: boolean;
  /** The file has to be this user's or root's, and not everybody's to write: it says which commands are run. */
  readonly ownedBy: number | null;
}

/** Reads an SSH configuration file with what it includes. Throws node's errors, and its own for too many includes and bad lines. */
export async function readConfigLines(path: string, place: ConfigPlace): Promise<readonly ConfigLine[]> {
  let files = 0;
  const read = async (file: string, depth: number): Promise<ConfigLine[]> => {
    if (depth > DEEPEST) throw new Error(`${file} is included more than ${DEEPEST} files deep`);
    if (++files > MOST_FILES) throw new Error(`more than ${MOST_FILES} files are included`);
    await checkOwner(file, place.ownedBy);
    const lines: ConfigLine[] = [];
    for (const [index, text] of (await readFile(file, 'utf8')).split(/\r?\n/).entries()) {
      const line = parseLine(text, `${file} line ${index + 1}`);
      if (line === null) continue;
      const included: ConfigLine[][] = [];
      if (line.keyword === 'include') {
        for (const pattern of line.words)
          for (const one of await globFiles(placeOf(pattern, line.at, path, place)))
            if (!(await isDirectory(one))) included.push(await read(one, depth + 1));
      }
      lines.push({ ...line, included });
    }
    return lines;
  };
  return read(path, 0);
}

async function checkOwner(file: string, owner: number | null): Promise<void> {
  if (owner === null) return;
  const { uid, mode } = await stat(file);
  if ((uid !== 0 && uid !== owner) || (mode & WRITABLE_BY_ALL) !== 0)
    throw new Error(`${file} belongs to another user or can be written by everybody`);
}

/** OpenSSH opens one that a pattern has found, and reads nothing of it. */
async function isDirectory(file: string): Promise<boolean> {
  return stat(file).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** `null` for an empty line or a comment. */
function parseLine(text: string, at: string): Omit<ConfigLine, 'included'> | null {
  if (/^[ \t]*(?:#|$)/.test(text.trimEnd())) return null;
  const found = /^[ \t]*(?:"([^"]*)"|([^ \t="#][^ \t="]*))(?:[ \t]*=[ \t]*|[ \t]+|$)(.*)$/.exec(
    text.trimEnd(),
  );
  if (found === null) throw new Error(`${at}: no keyword with a value behind it: ${text.trim()}`);
  const name = found[1] ?? found[2] ?? '';
  const rest = found[3] ?? '';
  if (rest === '') throw new Error(`${at}: no value after ${name}`);
  const words = splitWords(rest);
  if (words === null) throw new Error(`${at}: a quote that does not end`);
  return { at, name, keyword: name.toLowerCase(), rest, words };
}

/** OpenSSH's words (misc.c, argv_split): either kind of quote, and a backslash before a quote, a backslash or a space. */
function splitWords(text: string): string[] | null {
  const words: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === ' ' || text[at] === '\t') continue;
    if (text[at] === '#') break;
    let word = '';
    let quote = '';
    for (; at < text.length; at += 1) {
      const char = text[at] as string;
      const next = text[at + 1] ?? '';
      if (char === '\\' && next !== '' && (`'"\\`.includes(next) || (quote === '' && next === ' '))) {
        word += next;
        at += 1;
      } else if (quote === '' && (char === ' ' || char === '\t')) break;
      else if (quote === '' && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = '';
      else word += char;
    }
    if (quote !== '') return null;
    words.push(word);
  }
  return words;
}

/** Throws for what would else name no file, and so be passed over without a word. */
function placeOf(pattern: string, at: string, top: string, { home, isSystem }: ConfigPlace): string {
  const path = pattern.replace(/^~(?=\/)/, home).replaceAll('%d', home);
  if (/^~|\$\{|%[a-z]/i.test(path))
    throw new Error(`${at}: Include takes "~/" and %d, and no other token, variable or home: ${pattern}`);
  if (isAbsolute(path)) return path;
  return join(isSystem ? dirname(top) : join(home, '.ssh'), path);
}
