import { type IncomingMessage, request } from 'node:http';
import { err, ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import { type CallSite, fault } from './call-site.js';
import type { DialedAgent } from './dialed-agent.js';
import { type HttpRequest, lost } from './exchange.js';

/**
 * A GET whose answer is read as it comes. The signals and the bound go on to hold for the body: it is destroyed with the fault that they
 * stand for, which `bodyFault` finds again.
 */
export function openAnswer(
  agent: DialedAgent,
  site: CallSite,
  { method, path, headers, timeoutMs, signals }: HttpRequest,
): Promise<Result<IncomingMessage, IncusFault>> {
  return new Promise((resolve) => {
    const unlisten: (() => void)[] = [];
    let body: IncomingMessage | undefined;
    const giveUp = (why: IncusFault): void => {
      for (const undo of unlisten.splice(0)) undo();
      resolve(err(why));
      body?.destroy(new BodyError(why));
      sent.destroy();
    };
    const sent = request({ agent, method, path, headers: { ...headers }, host: 'incus' });
    sent.on('error', (error) => giveUp(lost(site, error)));
    sent.on('response', (response) => {
      agent.answered(response.socket);
      body = response;
      response.on('close', () => {
        for (const undo of unlisten.splice(0)) undo();
      });
      resolve(ok(response));
    });
    unlisten.push(
      awakeTimer(timeoutMs, () => giveUp(fault(site, 'timed_out', `no complete answer in ${timeoutMs} ms`))),
    );
    for (const { signal, kind } of signals) {
      const cancel = (): void => giveUp(fault(site, kind, 'the call was cancelled'));
      if (signal.aborted) return cancel();
      signal.addEventListener('abort', cancel, { once: true });
      unlisten.push(() => signal.removeEventListener('abort', cancel));
    }
    sent.end();
  });
}

/** Carries a fault through a stream, which knows errors only. */
class BodyError extends Error {
  constructor(readonly fault: IncusFault) {
    super(fault.message);
    this.name = 'BodyError';
  }
}

/** Why a body broke off. */
export function bodyFault(site: CallSite, error: unknown): IncusFault {
  if (error instanceof BodyError) return error.fault;
  return lost(site, error instanceof Error ? error : new Error(String(error)));
}
