export { MemoryClock } from '../adapters/memory/memory-clock.js';
export { MemoryEventSink } from '../adapters/memory/memory-event-sink.js';
export { MemoryFileStore } from '../adapters/memory/memory-file-store.js';
export type { MemoryHandler, MemoryRun } from '../adapters/memory/memory-handler.js';
export { MemoryIncus, type MemoryIncusOptions } from '../adapters/memory/memory-incus/memory-incus.js';
export type { MemoryExecHandler, MemoryProcess } from '../adapters/memory/memory-incus/memory-process.js';
export { MemoryShell, type MemoryTrees } from '../adapters/memory/memory-shell.js';
export { MemoryWorkspaceScanner } from '../adapters/memory/memory-workspace-scanner.js';
export { type ClockFixture, clockContract } from './contract/clock.js';
export type { ContractRunner, SuiteRunner } from './contract/contract-runner.js';
export { fileStoreContract } from './contract/file-store.js';
export type { FileStoreCapabilities, FileStoreFixture } from './contract/file-store-fixture.js';
export { incusApiContract } from './contract/incus-api.js';
export { remoteShellContract } from './contract/remote-shell.js';
export type { RemoteShellCapabilities, RemoteShellFixture } from './contract/remote-shell-fixture.js';
export {
  type SocketDialerCapabilities,
  type SocketDialerFixture,
  socketDialerContract,
} from './contract/socket-dialer.js';
export type { Fixture } from './contract/with-fixture.js';
export { workspaceScannerContract } from './contract/workspace-scanner.js';
