import type { FileStore } from '../../ports/file-store.js';
import { fileNameContract } from './file-store-names.js';
import { fileStreamContract } from './file-store-streams.js';
import { fileWholeContract } from './file-store-whole.js';
import type { ContractRunner, Fixture } from './runner.js';

export interface FileStoreFixture extends Fixture {
  readonly store: FileStore;
  /** Absolute path of an empty directory in the store, for this test alone. */
  readonly directory: string;
  /** Makes a symbolic link, which the port itself has no call for. */
  link(target: string, path: string): Promise<void>;
}

export interface FileStoreCapabilities {
  /** Whether permission bits are kept. */
  readonly modes: boolean;
}

/** What every `FileStore` has to do. `make` is called for each test. */
export function fileStoreContract(
  runner: ContractRunner,
  name: string,
  make: () => Promise<FileStoreFixture>,
  capabilities: FileStoreCapabilities,
): void {
  runner.describe(`${name} keeps the contract of FileStore`, () => {
    fileWholeContract(runner, make, capabilities);
    fileStreamContract(runner, make);
    fileNameContract(runner, make);
  });
}
