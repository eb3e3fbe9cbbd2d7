import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { globFiles } from './glob-files.js';

/** OpenSSH's own bound of includes within includes (readconf.c, READCONF_MAX_DEPTH). */
const DEEPEST = 16;
const MOST_FILES = 256;

/** A line of a configuration, or what stands in the place of an `Include`. */
type Part = string | { readonly files: readonly (readonly Part[])[] };

/** Whether the block that a `Host` or `Match` line opens is in force. */
export type InForce = (header: string) => boolean;

/** An SSH configuration file with what it includes. */
export class SshConfigText {
  private constructor(private readonly parts: readonly Part[]) {}

  /** Throws node's errors, and one for too many includes. `~` and relative paths are those of ssh_config(5). */
  static async read(path: string, home: string): Promise<SshConfigText> {
    let files = 0;
    const read = async (file: string, depth: number): Promise<Part[]> => {
      if (depth > DEEPEST) throw new Error(`${file} is included more than ${DEEPEST} files deep`);
      if (++files > MOST_FILES) throw new Error(`more than ${MOST_FILES} files are included`);
      const parts: Part[] = [];
      for (const line of (await readFile(file, 'utf8')).split(/\r?\n/)) {
        const patterns = includedBy(line);
        if (patterns === null) {
          parts.push(line);
          continue;
        }
        const included: Part[][] = [];
        for (const pattern of patterns)
          for (const one of await globFiles(placeOf(pattern, home)))
            included.push(await read(one, depth + 1));
        parts.push({ files: included });
      }
      return parts;
    };
    return new SshConfigText(await read(path, 0));
  }

  /**
   * One text for one query. An `Include` counts only where it stands in a block that is in force, and that block goes on
   * after it, whatever blocks the included file has opened.
   */
  flatten(inForce: InForce): string {
    const lines: string[] = [];
    const add = (parts: readonly Part[]) => {
      let header: string | null = null;
      for (const part of parts) {
        if (typeof part === 'string') {
          if (/^\s*(?:Host|Match)[\s=]/i.test(part)) header = part;
          lines.push(part);
          continue;
        }
        if (header !== null && !inForce(header)) continue;
        for (const file of part.files) {
          add(file);
          lines.push(header ?? 'Host *');
        }
      }
    };
    add(this.parts);
    return lines.join('\n');
  }
}

/** The patterns of an `Include` line; null for another one. */
function includedBy(line: string): string[] | null {
  const found = /^\s*Include(?:\s*=\s*|\s+)(.*)$/i.exec(line);
  if (found === null) return null;
  return [...(found[1] ?? '').matchAll(/"([^"]*)"|([^\s"]+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
}

function placeOf(pattern: string, home: string): string {
  const path = pattern.replace(/^~(?=\/)/, home).replaceAll('%d', home);
  return isAbsolute(path) ? path : join(home, '.ssh', path);
}
