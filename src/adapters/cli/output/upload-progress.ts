import { formatBytes } from './quantities.js';

/** The rate is that of the last so many ms. */
const WINDOW_MS = 5000;
const SAMPLE_MS = 250;
/** Before that, what was sent went into buffers. */
const LEAST_MS = 500;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** How far an upload is, and how fast it has been of late. Times are monotonic, in ms. */
export class UploadProgress {
  #bytes = 0;
  #total = 0;
  #samples: readonly Sample[] = [];

  observe(progress: { readonly bytes: number; readonly total: number }, now: number): void {
    this.#bytes = progress.bytes;
    this.#total = progress.total;
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < SAMPLE_MS) return;
    this.#samples = [...this.#fresh(now), { at: now, bytes: progress.bytes }];
  }

  get isDone(): boolean {
    return this.#bytes === this.#total;
  }

  /** `12.0 MiB of 48.0 MiB, 25%, 8.1 MiB/s`. What is sent may turn out more than was reckoned. */
  text(now: number): string {
    const total = Math.max(this.#total, this.#bytes);
    const share = total === 0 ? 100 : Math.floor((this.#bytes / total) * 100);
    const rate = this.#rate(now);
    const speed = rate === null ? '' : `, ${formatBytes(Math.round(rate))}/s`;
    return `${formatBytes(this.#bytes)} of ${formatBytes(total)}, ${share}%${speed}`;
  }

  /** Bytes a second; also of an upload that has stalled. Null while it is too early to say. */
  #rate(now: number): number | null {
    const [first] = this.#fresh(now);
    if (first === undefined || now - first.at < LEAST_MS) return null;
    return ((this.#bytes - first.bytes) * 1000) / (now - first.at);
  }

  /** The samples of the window, and the last one before it. */
  #fresh(now: number): readonly Sample[] {
    const inside = this.#samples.findIndex(({ at }) => now - at <= WINDOW_MS);
    return this.#samples.slice(Math.max(0, inside === -1 ? this.#samples.length - 1 : inside - 1));
  }
}
