import type { EntryContent } from '../../ports/entry-content.js';
import type { ScanFault } from '../../ports/workspace-scanner.js';

/** Structured-cloneable: it also goes to the worker thread. */
export interface TreeHashRequest {
  /** Absolute, canonical. */
  readonly root: string;
  /** Relative paths to take, in any order, where a list is known; null to walk the directory. */
  readonly paths: readonly string[] | null;
  /** Null: of `paths` nothing is left out, whatever its name. */
  readonly exclude: readonly string[] | null;
}

export interface TreeHashControl {
  /** Asked between files and between pieces of a file. */
  readonly cancelled: () => boolean;
  /** Give up with `over_budget` rather than read more than this; null for no bound. */
  readonly budget: { readonly entries: number; readonly bytes: number } | null;
}

export interface HashedTree {
  readonly kind: 'hashed';
  readonly contentHash: string;
  readonly entries: string[];
  readonly contents: EntryContent[];
  readonly totalBytes: number;
}

export type TreeHashAnswer =
  | HashedTree
  | { readonly kind: 'over_budget' }
  | { readonly kind: 'fault'; readonly fault: ScanFault };

/** To the worker: `flag` is one shared 32-bit integer, not 0 once the request is cancelled. */
export interface TreeHashCall {
  readonly id: number;
  readonly request: TreeHashRequest;
  readonly flag: Int32Array;
}
export interface TreeHashReply {
  readonly id: number;
  readonly answer: TreeHashAnswer;
}
