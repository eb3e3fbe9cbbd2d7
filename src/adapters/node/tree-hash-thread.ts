import { Worker } from 'node:worker_threads';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import { awakeTimer } from '../../streams/awake-timer.js';
import { treeHashScript } from './tree-hash-script.js';
import type { TreeHashAnswer, TreeHashCall, TreeHashReply, TreeHashRequest } from './tree-hash-types.js';

export interface TreeHashBounds {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds; the thread is ended when one call takes longer, since nothing else can free a hanging read. */
  readonly timeoutMs: number;
}

/**
 * Hashes trees in one worker thread, started at first need and kept. It does not hold the process while it has nothing to
 * do. Disposing ends it, and calls under way with it.
 */
export class TreeHashThread implements AsyncDisposable {
  #worker: Worker | null = null;
  #nextId = 1;
  #closed = false;
  readonly #waiting = new Map<number, (answer: TreeHashAnswer) => void>();

  hash(request: TreeHashRequest, bounds: TreeHashBounds): Promise<TreeHashAnswer> {
    const { signal, timeoutMs } = bounds;
    if (signal?.aborted) return Promise.resolve(failure('aborted', request, 'the scan was cancelled'));
    if (this.#closed) return Promise.resolve(failure('unreadable', request, 'the scanner was closed'));
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const id = this.#nextId++;
    const worker = this.#start();
    return new Promise((resolve) => {
      const settle = (answer: TreeHashAnswer) => {
        takeBack();
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) this.#worker?.unref();
        resolve(answer);
      };
      const onAbort = () => {
        Atomics.store(flag, 0, 1);
        settle(failure('aborted', request, 'the scan was cancelled'));
      };
      const takeBack = awakeTimer(timeoutMs, () => {
        settle(failure('unreadable', request, `reading ${request.root} took longer than ${timeoutMs} ms`));
        void this.#end('the thread that reads files was ended: another tree took too long');
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, settle);
      worker.ref();
      worker.postMessage({ id, request, flag } satisfies TreeHashCall);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#end('the scanner was closed');
  }

  #start(): Worker {
    if (this.#worker !== null) return this.#worker;
    const { source, isText } = treeHashScript();
    const worker = new Worker(source, {
      eval: isText,
      // The parent's flags may name loaders that this file does not need.
      execArgv: [],
    });
    worker.on('message', ({ id, answer }: TreeHashReply) => this.#waiting.get(id)?.(answer));
    const lost = (why: string) => {
      if (this.#worker === worker) void this.#end(why);
    };
    worker.on('error', (cause) => lost(`the thread that reads files failed: ${String(cause)}`));
    worker.on('exit', () => lost('the thread that reads files ended'));
    this.#worker = worker;
    return worker;
  }

  async #end(why: string): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    for (const settle of [...this.#waiting.values()]) {
      settle({ kind: 'fault', fault: { kind: 'unreadable', path: '', message: why } });
    }
    await worker?.terminate();
  }
}

function failure(kind: ScanFault['kind'], request: TreeHashRequest, message: string): TreeHashAnswer {
  return { kind: 'fault', fault: { kind, path: request.root, message } };
}
