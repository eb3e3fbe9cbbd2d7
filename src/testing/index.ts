export { MemoryClock, type MemoryClockOptions } from '../adapters/memory/memory-clock.js';
export { MemoryFileStore } from '../adapters/memory/memory-file-store/memory-file-store.js';
export { MemoryHost, type MemoryHostOptions } from '../adapters/memory/memory-host.js';
export type { HeldCreate, MemoryFaults } from '../adapters/memory/memory-incus/memory-faults.js';
export { MemoryIncus, type MemoryIncusOptions } from '../adapters/memory/memory-incus/memory-incus.js';
export type { MemoryExecHandler, MemoryProcess } from '../adapters/memory/memory-incus/memory-process.js';
export {
  MemoryShell,
  type MemoryShellHandler,
  type MemoryShellOptions,
} from '../adapters/memory/memory-shell.js';
export type { MemoryJobControl, MemoryJobScript } from '../adapters/memory/memory-supervisor/memory-job.js';
export { MemorySupervisor } from '../adapters/memory/memory-supervisor/memory-supervisor.js';
export { type MemoryTarEntry, TAR_END, tarEntry } from '../adapters/memory/memory-supervisor/memory-tar.js';
export {
  type MemoryWorkspace,
  type MemoryWorkspaceEntry,
  MemoryWorkspaceScanner,
} from '../adapters/memory/memory-workspace-scanner.js';
export {
  type FileStoreCapabilities,
  type FileStoreFixture,
  fileStoreContract,
} from './contract/file-store.js';
export type { IncusContractCapabilities, IncusContractSubject } from './contract/incus-api/subject.js';
export { incusApiContract } from './contract/incus-api.js';
export {
  type RemoteShellCapabilities,
  type RemoteShellFixture,
  remoteShellContract,
} from './contract/remote-shell.js';
export type { ContractRunner, Fixture } from './contract/runner.js';
export { type ScannedWorkspace, workspaceScannerContract } from './contract/workspace-scanner.js';
