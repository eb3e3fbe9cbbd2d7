import { err, type Result } from 'neverthrow';
import type { FileFault, FileWriter } from '../../ports/file-store.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';

/** A writer that hands its pieces to functions; which, decides whether it appends or makes a new file. */
export class MemoryWriter implements FileWriter {
  private done = false;

  constructor(
    private readonly call: FileCall,
    private readonly onWrite: (data: Uint8Array) => Result<void, FileFault>,
    private readonly onCommit: () => Result<void, FileFault>,
  ) {}

  async write(data: Uint8Array): Promise<Result<void, FileFault>> {
    if (this.done) return err(fileFault('io', this.call, 'the writer is closed'));
    return this.onWrite(data);
  }

  async commit(): Promise<Result<void, FileFault>> {
    if (this.done) return err(fileFault('io', this.call, 'the writer is closed'));
    this.done = true;
    return this.onCommit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.done = true;
  }
}
