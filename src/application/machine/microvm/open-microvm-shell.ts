import { err, ok, type Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { OutputChunk } from '../../../ports/output-chunk.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestShell, GuestShellFault, ShellCall, ShellLogin } from '../guest-shell.js';
import { loginCommand } from '../login-command.js';
import type { MicrovmHost } from './microvm-host.js';
import { TypedKeys } from './typed-keys.js';

const RESIZE_BOUND_MS = 10_000;
/** Told by the host's script on its standard error; `resize` takes it. */
const SHELL_ID = /^shell ([A-Za-z0-9_.-]{1,64})$/m;
const LONGEST_ANNOUNCEMENT = 4096;

/** A terminal in a microVM, through its channel. */
export async function openMicrovmShell(
  host: MicrovmHost,
  { shared: { remoteJobDir } }: RemoteMicrovmContext,
  login: ShellLogin,
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const keys = new TypedKeys();
  const { command, environment } = loginCommand(login, call);
  const env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const spawned = await host.spawn(
    ['shell', remoteJobDir, String(call.rows), String(call.columns), 'env', ...env, ...command],
    { signal: call.signal ?? new AbortController().signal, phase: null, stdin: keys },
  );
  if (spawned.isErr()) return err(spawned.error);
  const running = spawned.value;
  let announced = '';
  const exit = running.exit.then((ended) => {
    keys.end();
    return ended;
  });
  return ok({
    output: shown(running.output, (text) => {
      if (announced.length < LONGEST_ANNOUNCEMENT) announced += text;
    }),
    exit,
    write: async (data) => ((await keys.type(data)) ? ok(undefined) : err(ended())),
    resize: async ({ columns, rows }) => {
      const id = SHELL_ID.exec(announced)?.[1];
      // Its size was told when it was opened; until it is there it has no other.
      if (id === undefined) return ok(undefined);
      const signal = awakeBound(RESIZE_BOUND_MS);
      const size = [String(rows), String(columns)];
      const resized = await host.runOrFail(['resize', remoteJobDir, id, ...size], { signal, phase: null });
      return resized.map(() => undefined);
    },
    [Symbol.asyncDispose]: async () => {
      keys.end();
      await running[Symbol.asyncDispose]();
    },
  });
}

function ended(): GuestShellFault {
  return { kind: 'closed', message: 'the shell has ended' };
}

/** What the host's script says of its own is no part of what the terminal shows, but for a complaint. */
async function* shown(
  output: AsyncIterable<OutputChunk>,
  onAnnouncement: (text: string) => void,
): AsyncGenerator<OutputChunk, void, undefined> {
  for await (const chunk of output) {
    if (chunk.stream === 'stdout') {
      yield chunk;
      continue;
    }
    const text = Buffer.from(chunk.data).toString('utf8');
    onAnnouncement(text);
    const rest = text.replace(/^shell [A-Za-z0-9_.-]{1,64}\n/m, '');
    if (rest !== '') yield { stream: 'stderr', data: Buffer.from(rest) };
  }
}
