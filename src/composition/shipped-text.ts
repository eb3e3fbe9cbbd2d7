import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const texts = new Map<string, string>();

/** A script that the package ships; `path` is relative to the package, which is found by its own name. Read once. The build puts the texts in the place of this module, so that a bundle needs no file. */
export function shippedText(path: string): string {
  const known = texts.get(path);
  if (known !== undefined) return known;
  const manifest = createRequire(import.meta.url).resolve('pikaci/package.json');
  const text = readFileSync(join(dirname(manifest), path), 'utf8');
  texts.set(path, text);
  return text;
}
