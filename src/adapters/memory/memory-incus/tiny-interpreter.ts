import type { OutputChunk } from '../../../ports/output-chunk.js';
import type { MemoryProcess } from './memory-process.js';

type Played = AsyncGenerator<OutputChunk, number, undefined>;

function text(value: string): OutputChunk {
  return { stream: 'stdout', data: Buffer.from(value, 'utf8') };
}

/** The commands that a fake instance knows unless it is told more: true, false, echo, cat, pwd, env, sleep and `sh -c 'exit N'`. */
export async function* tinyInterpreter(process: MemoryProcess): Played {
  const [name, ...args] = process.request.command;
  switch (name) {
    case 'true':
      return 0;
    case 'false':
      return 1;
    case 'echo':
      yield text(`${args.join(' ')}\n`);
      return 0;
    case 'pwd':
      yield text(`${process.request.cwd ?? '/root'}\n`);
      return 0;
    case 'env':
      for (const [key, value] of Object.entries(process.request.environment ?? {}))
        yield text(`${key}=${value}\n`);
      return 0;
    case 'cat':
      return yield* cat(process, args);
    case 'sleep':
      return 128 + (await process.signalled);
    case 'sh':
      return yield* shell(args);
    default:
      return 127;
  }
}

async function* cat(process: MemoryProcess, paths: readonly string[]): Played {
  for (const path of paths) {
    const read = process.files.read(path);
    if (read.isErr()) {
      yield { stream: 'stderr', data: Buffer.from(`cat: ${path}: No such file or directory\n`, 'utf8') };
      return 1;
    }
    yield { stream: 'stdout', data: read.value.content };
  }
  if (paths.length === 0) for await (const data of process.stdin) yield { stream: 'stdout', data };
  return 0;
}

/** `exit N`, and `echo WORDS >&2`: what a contract needs of a shell. */
async function* shell([flag, script = '']: readonly string[]): Played {
  if (flag !== '-c') return 127;
  for (const command of script.split(/\s*[;\n]\s*/)) {
    const exit = /^exit (\d+)$/.exec(command);
    if (exit) return Number(exit[1]) & 255;
    const echo = /^echo (.*?)( >&2)?$/.exec(command);
    if (!echo) return 127;
    yield { stream: echo[2] ? 'stderr' : 'stdout', data: Buffer.from(`${echo[1]}\n`, 'utf8') };
  }
  return 0;
}
