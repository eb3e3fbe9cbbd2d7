export { MemoryClock, type MemoryClockOptions } from '../adapters/memory/memory-clock.js';
export { MemoryEventSink } from '../adapters/memory/memory-event-sink.js';
export { type MemoryFileOperation, MemoryFileStore } from '../adapters/memory/memory-file-store.js';
export type { MemoryHandler, MemoryRun } from '../adapters/memory/memory-handler.js';
export { MemoryHost, type MemoryHostOptions } from '../adapters/memory/memory-host.js';
export { MemoryHttpClient } from '../adapters/memory/memory-http-client.js';
export type { HeldCreate, MemoryFaults } from '../adapters/memory/memory-incus/memory-faults.js';
export { MemoryIncus, type MemoryIncusOptions } from '../adapters/memory/memory-incus/memory-incus.js';
export type { MemoryExecHandler, MemoryProcess } from '../adapters/memory/memory-incus/memory-process.js';
export { MemoryLogReader } from '../adapters/memory/memory-log-reader.js';
export { MemoryProcesses } from '../adapters/memory/memory-processes.js';
export { MemoryShell, type MemoryTrees } from '../adapters/memory/memory-shell.js';
export type { MemoryJobControl, MemoryJobScript } from '../adapters/memory/memory-supervisor/memory-job.js';
export { MemorySupervisor } from '../adapters/memory/memory-supervisor/memory-supervisor.js';
export { type MemoryTarEntry, TAR_END, tarEntry } from '../adapters/memory/memory-supervisor/memory-tar.js';
export { type MemorySpan, MemoryTracer } from '../adapters/memory/memory-tracer.js';
export { MemoryTreeCopy, type MemoryTreeCopyInput } from '../adapters/memory/memory-tree-copy.js';
export {
  type MemoryWorkspace,
  type MemoryWorkspaceEntry,
  MemoryWorkspaceScanner,
} from '../adapters/memory/memory-workspace-scanner.js';
export { type ClockFixture, clockContract } from './contract/clock.js';
export type { ContractRunner, SuiteRunner } from './contract/contract-runner.js';
export { fileStoreContract } from './contract/file-store.js';
export type { FileStoreCapabilities, FileStoreFixture } from './contract/file-store-fixture.js';
export { type HttpClientFixture, httpClientContract } from './contract/http-client.js';
export { incusApiContract } from './contract/incus-api/incus-api.js';
export type { IncusContractCapabilities, IncusContractSubject } from './contract/incus-api/subject.js';
export { type LogReaderFixture, logReaderContract } from './contract/log-reader.js';
export { processesContract } from './contract/processes.js';
export { remoteShellContract } from './contract/remote-shell.js';
export type { RemoteShellCapabilities, RemoteShellFixture } from './contract/remote-shell-fixture.js';
export {
  type SocketDialerCapabilities,
  type SocketDialerFixture,
  socketDialerContract,
} from './contract/socket-dialer.js';
export { type ToldSpan, type TracerFixture, tracerContract } from './contract/tracer.js';
export type { Fixture } from './contract/with-fixture.js';
export { type ScannedWorkspace, workspaceScannerContract } from './contract/workspace-scanner.js';
