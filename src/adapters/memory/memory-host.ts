import { MemoryClock } from './memory-clock.js';
import { diskTools } from './memory-disk-tools.js';
import { MemoryFileStore } from './memory-file-store.js';
import type { MemoryHandler } from './memory-handler.js';
import { MemoryIncus } from './memory-incus/memory-incus.js';
import { MemoryLogReader } from './memory-log-reader.js';
import { MemoryProcesses } from './memory-processes.js';
import { MemoryShell } from './memory-shell.js';
import type { MemoryJobScript } from './memory-supervisor/memory-job.js';
import { MemorySupervisor } from './memory-supervisor/memory-supervisor.js';
import type { MemoryTracer } from './memory-tracer.js';
import { MemoryTreeCopy } from './memory-tree-copy.js';
import { type MemoryWorkspace, MemoryWorkspaceScanner } from './memory-workspace-scanner.js';

/** What a host in memory is like. */
export interface MemoryHostOptions {
  /** Plays every job; passes without a word when left out. */
  readonly script?: MemoryJobScript;
  /** By default one whose sleeps of up to 5 s are over at once. */
  readonly clock?: MemoryClock;
  /** Alias of the image that is there; the default of the configuration when left out. */
  readonly image?: string;
  /** Is told what took how long; nobody when left out. */
  readonly tracer?: MemoryTracer;
  /** Dates its files, ms since the epoch; the clock when left out. */
  readonly now?: () => number;
  /** Files of the runner's machine, where that has several hosts; its own when left out. */
  readonly localFiles?: MemoryFileStore;
  /** What it is called; `memory` when left out. */
  readonly name?: string;
}

/** A host and a runner's machine in memory: everything that `createPikaci` takes as `adapters`, made for each other. */
export class MemoryHost {
  readonly clock: MemoryClock;
  readonly hostFiles: MemoryFileStore;
  readonly localFiles: MemoryFileStore;
  readonly logReader: MemoryLogReader;
  readonly incus: MemoryIncus;
  readonly shell: MemoryShell;
  readonly trees: MemoryTreeCopy;
  readonly scanner: MemoryWorkspaceScanner;
  readonly processes = new MemoryProcesses();
  readonly supervisor: MemorySupervisor;
  readonly #tracer: MemoryTracer | undefined;

  constructor(options: MemoryHostOptions = {}) {
    this.#tracer = options.tracer;
    this.clock = options.clock ?? new MemoryClock(undefined, { skipUpToMs: 5000 });
    const now = options.now ?? (() => this.clock.now());
    const { name = 'memory' } = options;
    this.hostFiles = new MemoryFileStore(name, now);
    this.localFiles = options.localFiles ?? new MemoryFileStore('local', now);
    this.scanner = new MemoryWorkspaceScanner(this.localFiles);
    this.logReader = new MemoryLogReader(this.localFiles);
    this.trees = new MemoryTreeCopy({ host: name, from: this.localFiles, to: this.hostFiles });
    this.shell = new MemoryShell(name, this.trees)
      .handle(({ command }) => (command.argv[0] === 'true' ? 0 : undefined))
      .handle(noMicrovms(now))
      .handle(diskTools(this.hostFiles));
    this.supervisor = new MemorySupervisor(options.script ?? (async () => 0));
    this.incus = new MemoryIncus({
      exec: this.supervisor.handler,
      hostHasPath: (path) => this.hostFiles.has(path),
      now,
    });
    this.incus.world.addImage('default', options.image ?? 'pikaci/dev');
    this.incus.world.addProfile('default', 'default', { root: { type: 'disk', path: '/', pool: 'default' } });
  }

  /** What `createPikaci` takes. */
  get adapters() {
    const { shell, hostFiles, localFiles, logReader, incus, scanner, clock, processes } = this;
    const tracer = this.#tracer === undefined ? {} : { tracer: this.#tracer };
    return { shell, hostFiles, localFiles, logReader, incus, scanner, clock, processes, ...tracer };
  }

  /** A workspace that can be scanned and sent. */
  async setWorkspace(directory: string, entries: MemoryWorkspace['entries']): Promise<void> {
    for (const [path, entry] of Object.entries(entries)) {
      const at = `${directory}/${path}`;
      await this.localFiles.makeDirectory(at.slice(0, at.lastIndexOf('/')));
      if ('linkTo' in entry) this.localFiles.link(entry.linkTo, at);
      else await this.localFiles.writeFile(at, Buffer.from(entry.content));
    }
    this.scanner.setWorkspace(directory, { entries });
  }
}

/** The host's script of microVMs, where there are none. */
function noMicrovms(now: () => number): MemoryHandler {
  return (run) => {
    const [, script = '', call = ''] = run.command.argv;
    if (!script.endsWith('/pikaci-microvm-host')) return undefined;
    if (call === 'time') run.write('stdout', `${now()}\n`);
    return ['machines', 'sources', 'time'].includes(call) ? 0 : undefined;
  };
}
