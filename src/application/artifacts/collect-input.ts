import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { Guest } from '../supervisor/guest.js';

/** Which of the guest's files are brought back, and where to. */
export interface Selection {
  /** Absolute paths in the guest that are listed. */
  readonly searchRoots: readonly string[];
  matches(path: string): boolean;
  /** Relative to the destination; null for what must not become a path here. */
  localPath(path: string): string | null;
  /** The same of a directory, which is made though nothing be in it; where this is left out, none is asked for. */
  localDirectory?(path: string): string | null;
}

export interface CollectInput {
  readonly guest: Guest;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly selection: Selection;
  readonly caps: ArtifactCaps;
  /** Local directory that gets the files; it must be empty or absent. */
  readonly destination: string;
  /** How long a host may be out of reach, in milliseconds; some lost connections are put up with in any case. */
  readonly reconnectMs?: number;
  /** Told when collecting breaks off because a file could not be kept here: the guest has it still. */
  readonly onLocalFault?: (fault: FileFault) => void;
  /** Why not all may be there, where that is known before. */
  readonly doubt?: string | undefined;
}
