import { z } from 'zod';
import { relativePattern } from '../patterns/relative-pattern.js';
import { hasControlCharacter } from '../values/path-rules.js';
import { hasLoneSurrogate } from '../values/text.js';

/** Of a key as it is written. */
const LONGEST_TEXT = 1024;
/** Of a key as it is used, in characters. */
export const LONGEST_CACHE_KEY = 512;

/** A piece of a key: text, or the hash of the files of the workspace that these patterns name. */
export type CacheKeyPart = { readonly text: string } | { readonly hashOf: readonly string[] };

const EXPRESSION = /\$\{\{([\s\S]*?)\}\}/g;
const HASH = /^hash\(\s*("(?:[^"\\]|\\.)*"(?:\s*,\s*"(?:[^"\\]|\\.)*")*)\s*\)$/;
const WORD = /"(?:[^"\\]|\\.)*"/g;

/** The pieces of a key, or a sentence on what is wrong with it. */
export function cacheKeyParts(key: string): readonly CacheKeyPart[] | string {
  const parts: CacheKeyPart[] = [];
  let end = 0;
  for (const found of key.matchAll(EXPRESSION)) {
    parts.push({ text: key.slice(end, found.index) });
    const patterns = patternsOf(found[1]?.trim() ?? '');
    if (typeof patterns === 'string') return patterns;
    parts.push({ hashOf: patterns });
    end = found.index + found[0].length;
  }
  parts.push({ text: key.slice(end) });
  if (parts.some((part) => 'text' in part && part.text.includes('${{')))
    return 'has a "${{" without "}}"; an expression is ${{ hash("PATTERN", …) }}';
  return parts.filter((part) => !('text' in part) || part.text !== '');
}

function patternsOf(expression: string): readonly string[] | string {
  const [, list] = HASH.exec(expression) ?? [];
  if (list === undefined)
    return `does not know the expression ${JSON.stringify(expression)}; there is hash("PATTERN", …), with each pattern in double quotes`;
  const patterns: string[] = [];
  for (const [word] of list.matchAll(WORD)) {
    let pattern: unknown;
    try {
      pattern = JSON.parse(word);
    } catch {
      return `has a text that cannot be read: ${word}; a "\\" is written as "\\\\"`;
    }
    const checked = relativePattern.safeParse(pattern);
    if (!checked.success)
      return `the pattern ${word} of hash() ${checked.error.issues[0]?.message ?? 'is no pattern'}`;
    patterns.push(checked.data);
  }
  return patterns;
}

/** The key as it is used: `hash` names the content of the files of some patterns. */
export function resolveCacheKey(key: string, hash: (patterns: readonly string[]) => string): string {
  const parts = cacheKeyParts(key);
  if (typeof parts === 'string') throw new Error(`a key that was checked ${parts}`);
  return parts.map((part) => ('text' in part ? part.text : hash(part.hashOf))).join('');
}

/** What a cache is known by beside its path, with expressions in it. */
export const cacheKeySchema = z
  .string()
  .min(1, { error: 'must not be empty' })
  .max(LONGEST_TEXT)
  .superRefine((key, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (hasControlCharacter(key)) return refuse('must not hold control characters');
    if (hasLoneSurrogate(key)) return refuse('must not hold half of a character');
    const parts = cacheKeyParts(key);
    if (typeof parts === 'string') return refuse(parts);
    const longest = parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 64), 0);
    if (longest > LONGEST_CACHE_KEY)
      refuse(`is ${longest} characters with its hashes; at most ${LONGEST_CACHE_KEY} are`);
  });
