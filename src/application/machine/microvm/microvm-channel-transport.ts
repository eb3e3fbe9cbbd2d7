import { err, type Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { OutputChunk } from '../../../ports/output-chunk.js';
import { BoundedBytes } from '../../commands/bounded-bytes.js';
import type { GuestCall, GuestFault } from '../../supervisor/guest.js';
import type {
  SupervisorExec,
  SupervisorInput,
  SupervisorTransport,
} from '../../supervisor/supervised-guest.js';
import { hostExec } from './host-exec.js';
import type { MicrovmHost } from './microvm-host.js';

/** The host's own complaint, in place of the supervisor's answer: `not_found`, `not_running` and the like. */
const COMPLAINT = /^pikaci-microvm-host: ([a-z_]+): (.*)$/m;
const LONGEST_COMPLAINT = 4096;

/** The supervisor of a microVM that stays up: every call goes through the channel into the machine. */
export class MicrovmChannelTransport implements SupervisorTransport {
  readonly description: string;
  readonly #host: MicrovmHost;
  readonly #jobDir: string;

  constructor(host: MicrovmHost, { shared }: RemoteMicrovmContext) {
    this.#host = host;
    this.#jobDir = shared.remoteJobDir;
    this.description = `the microVM in ${shared.remoteJobDir} on ${shared.remoteHost}`;
  }

  async exec(
    words: readonly string[],
    stdin: SupervisorInput,
    call: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>> {
    const called = await hostExec(this.#host, ['call', this.#jobDir, ...words], stdin, call);
    return called.map((running) => {
      const stderr = new BoundedBytes(LONGEST_COMPLAINT, 'last');
      return {
        output: heard(running.output, stderr),
        exit: running.exit.then((exit) => {
          const fault = exit.isOk() && exit.value.code !== 0 ? complaintIn(stderr) : null;
          return fault === null ? exit : err(fault);
        }),
        [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
      };
    });
  }
}

async function* heard(output: AsyncIterable<OutputChunk>, stderr: BoundedBytes) {
  for await (const chunk of output) {
    if (chunk.stream === 'stderr') stderr.add(chunk.data);
    yield chunk;
  }
}

/** One that has been switched off does not come up again: it is as good as gone. */
function complaintIn(stderr: BoundedBytes): GuestFault | null {
  const [, name, message = ''] = COMPLAINT.exec(Buffer.from(stderr.bytes()).toString('utf8')) ?? [];
  if (name === undefined) return null;
  return { kind: name === 'not_found' || name === 'not_running' ? 'gone' : 'refused', message };
}
