import type { SuiteRunner } from './contract-runner.js';
import type { FileStoreCapabilities, FileStoreFixture } from './file-store-fixture.js';
import { fileNameContract } from './file-store-names.js';
import { fileStreamContract } from './file-store-streams.js';
import { fileWholeContract } from './file-store-whole.js';

/** What every `FileStore` has to do. `make` is called for each test. */
export function fileStoreContract(
  runner: SuiteRunner,
  name: string,
  make: () => Promise<FileStoreFixture>,
  capabilities: FileStoreCapabilities,
): void {
  runner.describe(`${name} keeps the contract of FileStore`, () => {
    fileWholeContract(runner, make, capabilities);
    fileStreamContract(runner, make);
    fileNameContract(runner, make, capabilities);
  });
}
