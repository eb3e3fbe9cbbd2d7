export { MemoryClock } from '../adapters/memory/memory-clock.js';
export { MemoryEventSink } from '../adapters/memory/memory-event-sink.js';
export { MemoryFileStore } from '../adapters/memory/memory-file-store.js';
export type { MemoryHandler, MemoryRun } from '../adapters/memory/memory-handler.js';
export { MemoryShell, type MemoryTrees } from '../adapters/memory/memory-shell.js';
export { type ClockFixture, clockContract } from './contract/clock.js';
export { fileStoreContract } from './contract/file-store.js';
export type { FileStoreCapabilities, FileStoreFixture } from './contract/file-store-fixture.js';
export { remoteShellContract } from './contract/remote-shell.js';
export type { RemoteShellCapabilities, RemoteShellFixture } from './contract/remote-shell-fixture.js';
export type { ContractRunner, Fixture } from './contract/runner.js';
export {
  type SocketDialerCapabilities,
  type SocketDialerFixture,
  socketDialerContract,
} from './contract/socket-dialer.js';
