import { readFile } from 'node:fs/promises';

/** A script of the pages, by its name in its folder. The build puts the texts in the place of this module, so that a bundle needs no file. */
export function browserScript(name: string): Promise<string> {
  return readFile(new URL(`../script/${name}`, import.meta.url), 'utf8');
}
