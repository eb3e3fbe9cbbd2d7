import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { ClientChannel } from 'ssh2';
import type { ShellFault } from '../../ports/remote-shell.js';
import { bounded } from '../../streams/bounded.js';
import { shellFault } from '../../streams/shell-fault.js';
import { Authentication } from './authentication.js';
import { ChannelStream } from './channel-stream.js';
import { ChannelTap } from './channel-tap.js';
import { shakeHands } from './handshake.js';
import { HostKeyCheck } from './host-key-check.js';
import { keyOffers, userCertificates } from './identities.js';
import type { SshLink } from './link.js';
import { loadSsh2 } from './load-ssh2.js';
import type { LocalCommands, SshTiming } from './options.js';
import { type SshTarget, targetLabel } from './target.js';

export interface ConnectSettings {
  readonly passphrase: string | undefined;
  readonly timing: SshTiming;
  /** What a `ProxyCommand` is run with. */
  readonly dial: LocalCommands['dial'] | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** Connects to a target through its jumps, checking the key of every host on the way. Closing the last link closes all. */
export async function connectTarget(
  target: SshTarget,
  settings: ConnectSettings,
): Promise<Result<SshLink, ShellFault>> {
  let previous: SshLink | null = null;
  for (const hop of [...target.jumps, target]) {
    const link: Result<SshLink, ShellFault> = await connectHop(hop, previous, settings);
    if (link.isErr()) {
      previous?.close('the next host could not be reached');
      return err(reachedBy(hop, link.error));
    }
    const through: SshLink | null = previous;
    if (through !== null)
      link.value.onLost(() => through.close('the connection that went through it is over'));
    previous = link.value;
  }
  return ok(previous as SshLink);
}

async function connectHop(
  hop: SshTarget,
  through: SshLink | null,
  settings: ConnectSettings,
): Promise<Result<SshLink, ShellFault>> {
  const ssh2 = await loadSsh2();
  const label = targetLabel(hop);
  const { passphrase, signal, timing } = settings;
  const offers = await keyOffers(ssh2, hop, { passphrase, signal, ms: timing.handshakeMs });
  if (offers.isErr()) {
    const { message, ...identity } = offers.error;
    const tried = 'read a private key';
    return err({ kind: 'authentication_failed', host: label, tried, message, identity });
  }
  const check = await HostKeyCheck.load({ ...hop, label }, hop.knownHosts);
  const certificates = await userCertificates(hop);
  // From here to the handshake nothing waits: it is the first to listen to the socket's errors.
  const socket = await openSocket(hop, through, settings);
  if (socket.isErr()) return err(socket.error);
  return shakeHands({
    ssh2,
    target: hop,
    socket: socket.value,
    check,
    authentication: new Authentication({ host: label, ...offers.value, agent: hop.agent, certificates }),
    timing,
    signal,
  });
}

/** With what a person reaches the host that refused: what is behind a jump or an alias cannot be reached by its address. */
export function reachedBy({ sshArguments }: Pick<SshTarget, 'sshArguments'>, fault: ShellFault): ShellFault {
  switch (fault.kind) {
    case 'unreachable':
    case 'host_key_refused':
    case 'authentication_failed':
    case 'connection_lost':
    case 'spawn_failed':
      return { ...fault, sshArguments };
    default:
      return fault;
  }
}

async function openSocket(
  hop: SshTarget,
  through: SshLink | null,
  { dial, signal, timing }: ConnectSettings,
): Promise<Result<Duplex, ShellFault>> {
  if (through === null && hop.proxyCommand !== null && dial !== undefined) {
    const dialled = await dial(hop.proxyCommand).dial({ signal });
    const at = { host: targetLabel(hop), tried: 'run ProxyCommand' };
    return dialled.mapErr(({ message }) => shellFault('unreachable', at, message));
  }
  // Without TCP_NODELAY every small request waits for the 40 ms of a delayed acknowledgement.
  if (through === null) return connectFrom(hop, { ms: timing.handshakeMs, signal });
  const at = { host: targetLabel(hop), tried: 'jump through another host' };
  const asked = through.request<ClientChannel>((client, answer) =>
    client.forwardOut('127.0.0.1', 0, hop.host, hop.port, answer),
  );
  // The host in between may wait for minutes for an address that swallows what it is sent.
  const channel = await bounded(asked, { ms: timing.handshakeMs, signal });
  if (channel === 'aborted' || channel === 'timed_out') {
    void asked.then((late) => late.map((open) => open.destroy()));
    const why =
      channel === 'aborted' ? 'cancelled by its owner' : `no answer within ${timing.handshakeMs} ms`;
    return err(shellFault('unreachable', at, why));
  }
  return channel
    .map((open) => new ChannelStream(through, new ChannelTap(open)))
    .mapErr(({ message }) => shellFault('unreachable', at, message));
}

/** `BindAddress` may be a name, as with `ssh`. */
async function connectFrom(
  hop: SshTarget,
  bound: { readonly ms: number; readonly signal: AbortSignal },
): Promise<Result<Duplex, ShellFault>> {
  const { host, port, socket } = hop;
  const { localAddress: named, ...family } = socket;
  const refused = (why: string) =>
    err(shellFault('unreachable', { host: targetLabel(hop), tried: 'connect' }, why));
  try {
    const isName = named !== undefined && isIP(named) === 0;
    const found = isName ? await bounded(lookup(named, family), bound) : null;
    if (typeof found === 'string') return refused(`BindAddress ${named}: looking it up has ${found}`);
    const from = found === null ? socket : { ...family, localAddress: found.address };
    return ok(connect({ host, port, noDelay: true, ...from }));
  } catch (error) {
    return refused(`${named === undefined ? '' : `BindAddress ${named}: `}${(error as Error).message}`);
  }
}
