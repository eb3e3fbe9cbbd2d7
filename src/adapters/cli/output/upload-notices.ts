import { UploadProgress } from './upload-progress.js';

/** Between two lines about one upload; a shorter one has none. */
const EVERY_MS = 5000;

interface Upload {
  readonly progress: UploadProgress;
  toldAt: number;
}

/** Uploads as a line now and then, where nothing can be drawn over again. No timer: it is asked when bytes have gone. */
export class UploadNotices {
  readonly #uploads = new Map<string, Upload>();

  /** Null when there is nothing new to tell yet. `now` is monotonic, in ms. */
  next(
    nodeId: string,
    { bytes, total_bytes: total }: { readonly bytes: number; readonly total_bytes: number },
    now: number,
  ): string | null {
    const upload = this.#uploads.get(nodeId) ?? { progress: new UploadProgress(), toldAt: now };
    this.#uploads.set(nodeId, upload);
    upload.progress.observe({ bytes, total }, now);
    if (now - upload.toldAt < EVERY_MS) return null;
    upload.toldAt = now;
    return `stage_workspace_snapshot … ${upload.progress.text(now)}`;
  }
}
