import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { z } from 'zod';

export interface ForgeJob {
  readonly id: string;
  readonly repository: string;
  readonly commit: string;
  readonly command: string;
}

const resultSchema = z.object({
  status: z.string(),
  exit_code: z.number().nullable().optional(),
  message: z.string().optional(),
});

interface State {
  readonly job: ForgeJob;
  claimed: boolean;
  cancelled: boolean;
  log: Buffer;
  results: z.infer<typeof resultSchema>[];
}

/** The forge of `docs/embedding.md`: it gives each job to whoever claims it first, keeps its log by positions, and takes one result. */
export class FakeForge implements AsyncDisposable {
  readonly token = 'forge-token-1';
  readonly #states = new Map<string, State>();
  readonly #server = createServer((request, response) => {
    void this.#answer(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  /** What is asked while it is set is answered with 503. */
  isDown = false;
  /** How many were. */
  refused = 0;
  /** Called with each part of a log that was taken. */
  onLog: (id: string, log: string) => void = () => {};

  static async open(): Promise<FakeForge> {
    const forge = new FakeForge();
    forge.#server.listen(0, '127.0.0.1');
    await once(forge.#server, 'listening');
    return forge;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  offer(job: ForgeJob): void {
    this.#states.set(job.id, { job, claimed: false, cancelled: false, log: Buffer.alloc(0), results: [] });
  }

  cancel(id: string): void {
    this.#of(id).cancelled = true;
  }

  /** What is known of a job: its log, and every result that was told. */
  of(id: string): { readonly log: string; readonly results: State['results'] } {
    const { log, results } = this.#of(id);
    return { log: log.toString('utf8'), results };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #of(id: string): State {
    const state = this.#states.get(id);
    if (state === undefined) throw new Error(`no job ${id}`);
    return state;
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    if (this.isDown) {
      this.refused += 1;
      return [503, null];
    }
    if (request.headers.authorization !== `Bearer ${this.token}`) return [401, null];
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const open = [...this.#states.values()].filter(({ results }) => results.length === 0);
    const told = (states: readonly State[]) =>
      states.map(({ job, log }) => ({ ...job, logSize: log.length }));
    if (pathname === '/jobs/mine') return [200, told(open.filter(({ claimed }) => claimed))];
    if (pathname === '/jobs/claim') {
      const free = open.filter(({ claimed }) => !claimed).slice(0, 1);
      for (const state of free) state.claimed = true;
      return [200, told(free)];
    }
    const [, id = '', what] = /^\/jobs\/([^/]+)\/(log|result)$/.exec(pathname) ?? [];
    const state = this.#states.get(id);
    if (state === undefined) return [404, null];
    const body = Buffer.concat(parts);
    if (what === 'result') {
      state.results.push(resultSchema.parse(JSON.parse(body.toString('utf8'))));
      return [200, {}];
    }
    // A part that was sent twice, or out of its place, changes nothing.
    if (Number(searchParams.get('start')) === state.log.length) state.log = Buffer.concat([state.log, body]);
    this.onLog(id, state.log.toString('utf8'));
    return [200, { logSize: state.log.length, cancelled: state.cancelled }];
  }
}
