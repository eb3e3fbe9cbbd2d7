import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';

const MAGIC = /[*?[]/;

/** The files that an absolute pattern of glob(7) names, sorted; without its wildcards no file need be there. Unreadable directories hold none. */
export async function globFiles(pattern: string): Promise<string[]> {
  let found = ['/'];
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    const next = MAGIC.test(segment)
      ? found.map((directory) => namesIn(directory, segment))
      : found.map(async (directory) => [join(directory, segment)]);
    found = (await Promise.all(next)).flat();
  }
  const there = await Promise.all(found.map(isThere));
  return found.filter((_, index) => there[index]).sort();
}

async function namesIn(directory: string, segment: string): Promise<string[]> {
  const options = { noglobstar: true, nobrace: true, noextglob: true, nonegate: true, strictBrackets: false };
  const matches = picomatch(segment, options);
  const names = await readdir(directory).catch(() => []);
  return names.filter((name) => matches(name)).map((name) => join(directory, name));
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}
