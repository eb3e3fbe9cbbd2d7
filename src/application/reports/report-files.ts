import type { FileStore } from '../../ports/file-store.js';

/** Of one report, in bytes; of all of a kind four times as much. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_PROBLEMS = 20;

/** What came back of one kind of report. */
export interface ReportsFound {
  /** Where the files lie. */
  readonly directory: string;
  /** Relative to it. */
  readonly paths: readonly string[];
  /** Patterns that matched none. */
  readonly unmatched: readonly string[];
}

export interface FilesRead {
  /** How many were read whole. */
  readonly files: number;
  /** How many were not. */
  readonly unread: number;
  /** Why they were not; at most 20. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Reads reports of one kind, which are a guest's word. What cannot be read is named, and costs nothing else. `read` says what is wrong, or null. */
export async function readReportFiles(
  store: Pick<FileStore, 'readFile'>,
  { directory, paths }: Pick<ReportsFound, 'directory' | 'paths'>,
  read: (bytes: Uint8Array) => Promise<string | null>,
): Promise<FilesRead> {
  let left = 4 * MOST_BYTES;
  let files = 0;
  const problems: { path: string; message: string }[] = [];
  const one = async (path: string): Promise<string | null> => {
    const maxBytes = Math.min(MOST_BYTES, left);
    const bytes = await store.readFile(`${directory}/${path}`, { maxBytes });
    if (bytes.isOk()) {
      left -= bytes.value.length;
      return read(bytes.value);
    }
    const { kind, message } = bytes.error;
    return kind === 'too_large' ? `it has more than the ${maxBytes} bytes that are read of reports` : message;
  };
  let unread = 0;
  for (const path of paths) {
    const message = await one(path);
    if (message === null) files++;
    else if (++unread <= MOST_PROBLEMS) problems.push({ path, message });
  }
  return { files, unread, problems };
}

/** What is left out of a record where there is none of it. */
export function whereAny<Key extends string, Item>(
  key: Key,
  items: readonly Item[],
): { [name in Key]?: Item[] } {
  return items.length === 0 ? {} : ({ [key]: [...items] } as { [name in Key]?: Item[] });
}
