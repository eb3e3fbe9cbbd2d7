export {
  type FileStoreCapabilities,
  type FileStoreFixture,
  fileStoreContract,
} from './contract/file-store.js';
export type { ContractRunner, Fixture } from './contract/runner.js';
