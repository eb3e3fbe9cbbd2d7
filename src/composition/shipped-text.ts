import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const texts = new Map<string, string>();

/** A script that is shipped beside `dist/`; `path` is relative to the package. Read once. */
export function shippedText(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
  texts.set(path, text);
  return text;
}
