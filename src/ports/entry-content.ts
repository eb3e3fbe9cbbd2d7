/** What a file or link held when it was read; whoever sends it sends this, or says that it has changed. */
export interface EntryContent {
  /** A file, a file that its owner may execute, or a symbolic link. */
  readonly kind: 'f' | 'x' | 'l';
  /** Of the content, or of the link's target. */
  readonly bytes: number;
  /** When a file's content was changed last, in nanoseconds since 1970, decimal; `0` for a link. */
  readonly mtimeNs: string;
  /** Lower-case hex, of the content or of the link's target. */
  readonly sha256: string;
}
