import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { Algorithms } from 'ssh2';
import type { ShellFault } from '../../ports/remote-shell.js';
import { awakeTimer } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';
import { shellFault } from '../../streams/shell-fault.js';
import type { Authentication } from './authentication.js';
import type { HostKeyCheck } from './host-key-check.js';
import { SshLink } from './link.js';
import type { Ssh2 } from './load-ssh2.js';
import { Negotiation } from './negotiation.js';
import type { SshTiming } from './options.js';
import { type SshTarget, targetLabel } from './target.js';

export interface Handshake {
  readonly ssh2: Ssh2;
  readonly target: SshTarget;
  readonly socket: Duplex;
  readonly check: HostKeyCheck;
  readonly authentication: Authentication;
  readonly timing: SshTiming;
  /** Ends it: the socket is destroyed. */
  readonly signal: AbortSignal;
}

/** Brings up one link over a socket that is open or opening. Takes the socket over: it is destroyed when this fails. */
export function shakeHands(handshake: Handshake): Promise<Result<SshLink, ShellFault>> {
  const { ssh2, target, socket, check, timing } = handshake;
  const client = new ssh2.Client();
  const label = targetLabel(target);
  const at = { host: label, tried: 'connect' };
  const negotiation = new Negotiation();
  return new Promise((resolve) => {
    let refusal: ShellFault | null = null;
    let lastError: Error | null = null;
    const link = new SshLink(client, () => {
      client.end();
      socket.destroy();
    });
    const fail = () => {
      stopWaiting();
      socket.destroy();
      resolve(err(refusal ?? handshakeFault(lastError, at, negotiation, handshake)));
    };
    client.on('error', (error: Error & { level?: string }) => {
      // The agent's own failures are not the connection's: the next authentication is tried.
      if (error.level === 'agent') return;
      lastError ??= error;
      // ssh2 only half-closes after a protocol error, and the other side may never answer that.
      socket.destroy();
      fail();
    });
    client.on('end', () => socket.destroy());
    client.on('close', () => {
      link.markLost(lastError?.message ?? 'the host closed the connection');
      fail();
    });
    const give = (why: string) => {
      lastError ??= new Error(why);
      fail();
    };
    const takeBack = awakeTimer(timing.handshakeMs, () =>
      give(`the handshake took more than ${timing.handshakeMs} ms`),
    );
    let forget = () => {};
    const stopWaiting = () => {
      forget();
      takeBack();
    };
    forget = onAbort(handshake.signal, () => give('cancelled by its owner'));
    client.on('ready', () => {
      stopWaiting();
      negotiation.end();
      resolve(ok(link));
    });
    try {
      client.connect({
        sock: socket,
        username: target.user,
        // Its own is a plain timer, which fires after a stop before what came meanwhile is read.
        readyTimeout: 0,
        keepaliveInterval: timing.keepAliveMs,
        keepaliveCountMax: timing.keepAliveCount,
        authHandler: handshake.authentication.next,
        hostVerifier: (key: Buffer) => {
          refusal = check.refusal(key);
          return refusal === null;
        },
        debug: negotiation.note,
        // Lists of names that ssh2 knows; its types name each.
        algorithms: {
          ...target.algorithms,
          compress: ['none'],
          serverHostKey: check.algorithms(target.algorithms.serverHostKey),
        } as Algorithms,
      });
    } catch (error) {
      lastError = error as Error;
      fail();
    }
  });
}

function handshakeFault(
  error: (Error & { level?: string }) | null,
  at: { readonly host: string; readonly tried: string },
  negotiation: Negotiation,
  { check, authentication }: Pick<Handshake, 'check' | 'authentication'>,
): ShellFault {
  const refused = authentication.fault(error);
  if (refused !== null) return refused;
  const without = negotiation.problem(error);
  if (without !== null && /host key/i.test(without) && check.knowsHost)
    return check.refusalWithoutKey(without);
  return shellFault(
    'unreachable',
    at,
    without ?? error?.message ?? 'the host closed the connection during the handshake',
  );
}
