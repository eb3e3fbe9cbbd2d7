import type { FileFault, FileWriter } from '../../ports/file-store.js';
import { Slots } from '../../streams/slots.js';

/** A sync waits for the disk, which brings several files there in the time of one. */
const AT_ONCE = 16;

/** Files whose bytes are written, and which are being synced and renamed, a few at a time, while the next ones arrive. */
export class FileCommits {
  readonly #slots = new Slots(AT_ONCE);
  readonly #underWay = new Set<Promise<void>>();

  /** Waits for a place, not for the commit; `failed` is told when there comes nothing of it. */
  async begin(file: FileWriter, failed: (fault: FileFault) => void): Promise<void> {
    const release = await this.#slots.take();
    const commit = file.commit().then((committed) => {
      release?.();
      this.#underWay.delete(commit);
      if (committed.isErr()) failed(committed.error);
    });
    this.#underWay.add(commit);
  }

  /** Resolves when none is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
