import type { FileStore } from '../../ports/file-store.js';
import type { Fixture } from './with-fixture.js';

export interface FileStoreFixture extends Fixture {
  readonly store: FileStore;
  /** Absolute path of an empty directory in the store, for this test alone. */
  readonly directory: string;
  /** Makes a symbolic link, which the port itself has no call for. */
  link(target: string, path: string): Promise<void>;
}

/** What a store can be asked for; what it cannot is not tried. */
export interface FileStoreCapabilities {
  /** Whether permission bits are kept. */
  readonly modes: boolean;
  /** Whether names need not be UTF-8; where this is left out they are refused. */
  readonly byteNames?: boolean;
}
