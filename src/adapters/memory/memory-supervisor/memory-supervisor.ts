import { guestRequestSchema } from '../../../domain/job/guest-request.js';
import type { OutputChunk } from '../../../ports/output-chunk.js';
import { nameBytes, nameText } from '../../../streams/name-bytes.js';
import type { MemoryExecHandler, MemoryProcess } from '../memory-incus/memory-process.js';
import { MemoryJob, type MemoryJobScript } from './memory-job.js';
import { put } from './memory-put.js';
import { TAR_END, tarEntry } from './memory-tar.js';
import { trust } from './memory-trust.js';

type Played = AsyncGenerator<OutputChunk, number, undefined>;

const NAME = 'pikaci-incus-run';
/** What takes all of a supervisor out of the machine of a template, and out of the copy of a machine. */
const CLEAN = ['pikaci-clean-template', 'pikaci-fork'];
const ABSENT = { schema_version: 1, state: 'absent', log_bytes: 0, result: null };

/**
 * `pikaci-incus-run` in memory, for the exec handler of a `MemoryIncus`: each instance has one job, which the script plays.
 * It answers as guest/README.md says; what dies with a dropped connection is the call, never the job.
 */
export class MemorySupervisor {
  /** Plays the jobs that are started from now on. */
  script: MemoryJobScript;
  readonly #jobs = new Map<string, MemoryJob>();
  /** Of the machine that each job is in: another one may have its name later. */
  readonly #acquisitions = new Map<string, string | undefined>();
  readonly #steps = new Map<string, Map<string, MemoryJob>>();

  constructor(script: MemoryJobScript) {
    this.script = script;
  }

  /** The steps of an open machine, by instance name, then by their id. */
  get steps(): ReadonlyMap<string, ReadonlyMap<string, MemoryJob>> {
    return this.#steps;
  }

  /** By instance name. */
  get jobs(): ReadonlyMap<string, MemoryJob> {
    return this.#jobs;
  }

  /** A step that was begun in an open machine. */
  step(instance: string, id: string): MemoryJob | undefined {
    return this.#steps.get(instance)?.get(id);
  }

  readonly handler: MemoryExecHandler = async function* (
    this: MemorySupervisor,
    process: MemoryProcess,
  ): Played {
    if (process.request.command.some((word) => CLEAN.includes(word))) {
      this.#jobs.delete(process.instance.name);
      return 0;
    }
    // A machine that gets its place on the network of its job.
    if (process.request.command.includes('pikaci-services')) return 0;
    const words = callOf(process.request.command);
    const [step, [call, ...args]] = words[0] === '--step' ? [words[1] ?? '', words.slice(2)] : [null, words];
    const { name } = process.instance;
    const job = step === null ? this.#jobs.get(name) : this.#steps.get(name)?.get(step);
    switch (call) {
      case 'run':
        return yield* step === null ? this.#run(process) : this.#runStep(process, step);
      case 'put':
        return yield* put(process, args);
      case 'trust':
        return yield* trust(process);
      case 'follow':
        return yield* follow(job, Number(args[0]));
      case 'status':
        yield line('stdout', job?.status ?? ABSENT);
        return 0;
      case 'cancel':
        job?.cancel(Number(args[0] ?? 10));
        await job?.ended();
        yield line('stdout', job?.status ?? ABSENT);
        return 0;
      case 'secrets':
        yield { stream: 'stdout', data: Buffer.from(`${job?.secretsLine || '{}'}\n`) };
        return 0;
      case 'forget':
        if (job !== undefined) job.secretsLine = '';
        return 0;
      case 'list':
        yield { stream: 'stdout', data: nameBytes(list(process, args)) };
        return 0;
      case 'pack':
        return yield* pack(process);
      default:
        return 127;
    }
  }.bind(this);

  async *#run(process: MemoryProcess): Played {
    const { instance } = process;
    const input = await whole(process.stdin);
    const acquisition = instance.config['user.pikaci.acquisition'];
    if (this.#jobs.has(instance.name) && this.#acquisitions.get(instance.name) === acquisition)
      return yield* refuse('already_started: this guest has its job');
    const job = this.#begin(process, input);
    this.#jobs.set(instance.name, job);
    this.#acquisitions.set(instance.name, acquisition);
    return yield* follow(job, 0);
  }

  async *#runStep(process: MemoryProcess, id: string): Played {
    const { name } = process.instance;
    const input = await whole(process.stdin);
    const steps = this.#steps.get(name) ?? new Map<string, MemoryJob>();
    this.#steps.set(name, steps);
    if (steps.has(id)) return yield* refuse(`already_started: the step ${id} was run before`);
    const [running] = [...steps].find(([, step]) => step.status.state === 'running') ?? [];
    if (running !== undefined) return yield* refuse(`busy: the step ${running} runs in this machine`);
    const step = this.#begin(process, input);
    steps.set(id, step);
    return yield* follow(step, 0);
  }

  #begin({ files }: MemoryProcess, input: string): MemoryJob {
    const [request = '', secrets = ''] = input.split('\n');
    for (const path of ['/artifacts', '/workspace', '/workspace/snapshot']) files.makeDirectory({ path });
    return new MemoryJob(this.script, guestRequestSchema.parse(JSON.parse(request)), secrets, files);
  }
}

async function* refuse(why: string): Played {
  yield { stream: 'stderr', data: Buffer.from(`${NAME}: ${why}\n`) };
  return 75;
}

/** What was called, whether the supervisor's text came along or not. */
function callOf(command: readonly string[]): readonly string[] {
  const at = command.findIndex((word) => word === NAME || word.endsWith(`/${NAME}`));
  return command.slice(at + (command[at] === NAME ? 2 : 3));
}

async function* follow(job: MemoryJob | undefined, offset: number): Played {
  if (job !== undefined)
    for await (const told of job.follow(offset)) {
      if (told instanceof Uint8Array) yield { stream: 'stdout', data: told };
      else yield { stream: 'stderr', data: Buffer.from(`step ${JSON.stringify(told)}\n`) };
    }
  yield line('stderr', job?.status ?? ABSENT);
  return 0;
}

function list({ files }: MemoryProcess, words: readonly string[]): string {
  const withDirectories = words[0] === '--directories';
  const roots = withDirectories ? words.slice(1) : words;
  const below = (path: string) => roots.some((root) => path === root || path.startsWith(`${root}/`));
  return files.paths
    .filter(below)
    .map((path) => entryOf(files, path, withDirectories))
    .join('');
}

/** `TYPE SIZE PATH`, and of a directory only where they are asked for. */
function entryOf(files: MemoryProcess['files'], path: string, withDirectories: boolean): string {
  const type = files.info(path).match(
    (info) => info.type,
    () => 'directory' as const,
  );
  if (type === 'directory') return withDirectories ? `d 4096 ${path}\0` : '';
  if (type === 'symlink') return `l 0 ${path}\0`;
  const size = files.read(path).match(
    ({ content }) => content.length,
    () => 0,
  );
  return `f ${size} ${path}\0`;
}

async function* pack({ files, stdin }: MemoryProcess): Played {
  const paths = nameText(await bytesOf(stdin))
    .split('\0')
    .filter((path) => path !== '');
  for (const path of paths) {
    const file = files.read(path);
    if (file.isErr()) continue;
    const name = path.slice(1);
    const long = nameBytes(name).length > 100;
    if (long) yield tar({ name: '././@LongLink', flag: 'L', content: nameBytes(`${name}\0`) });
    yield tar({ name: name.slice(0, 100), content: file.value.content, mode: file.value.mode });
  }
  yield { stream: 'stdout', data: TAR_END };
  return 0;
}

const tar = (entry: Parameters<typeof tarEntry>[0]): OutputChunk => ({
  stream: 'stdout',
  data: tarEntry(entry),
});

function line(stream: OutputChunk['stream'], value: unknown): OutputChunk {
  return { stream, data: Buffer.from(`${JSON.stringify(value)}\n`) };
}

async function bytesOf(stdin: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stdin) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function whole(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  return (await bytesOf(stdin)).toString('utf8');
}
