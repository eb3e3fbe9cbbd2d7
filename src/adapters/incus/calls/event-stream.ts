import { err, ok, type Result } from 'neverthrow';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { IncusEvents } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusEvent } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { parseJson, parseValue } from '../answers/parse.js';
import { ChunkQueue } from '../exec/chunk-queue.js';
import { openWebSocket } from '../exec/websocket.js';
import { fault } from '../http/call-site.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

export interface EventsWanted extends CallOptions {
  readonly project?: string;
  readonly types?: readonly string[];
}

const eventSchema = z.object({
  type: z.string(),
  timestamp: z.string(),
  project: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  metadata: z.unknown(),
});

/** `GET /1.0/events`, upgraded. */
export async function openEvents(
  wire: Wire,
  wanted: EventsWanted = {},
): Promise<Result<IncusEvents, IncusFault>> {
  const { project, types, signal } = wanted;
  const path = apiPath(['events'], {
    type: types?.join(','),
    ...(project === undefined ? { 'all-projects': 'true' } : { project }),
  });
  const site = wire.site(`GET ${path}`);
  // An event's size does not matter much; what is counted is events.
  const events = new ChunkQueue<IncusEvent>(() => 1, 1024);
  let end: (why: IncusFault | null) => void = () => undefined;
  const closed = new Promise<IncusFault | null>((resolve) => {
    end = resolve;
  });
  let socket: WebSocket | undefined;
  const finish = (why: IncusFault | null): void => {
    events.end();
    end(why);
    socket?.terminate();
  };
  const opened = await openWebSocket(site, wire.agent, path, {
    message: (data) => {
      const event = parseJson(site, data).andThen((value) => parseValue(site, eventSchema, value, 'event'));
      if (event.isOk()) events.push(event.value);
      else finish(event.error);
    },
    closed: (reason) => finish(fault(site, 'connection_lost', `the events ended: ${reason}`)),
  });
  if (opened.isErr()) return err(opened.error);
  const unlisten = new AbortController();
  void closed.then(() => unlisten.abort());
  const stopOn = (stop: AbortSignal, kind: 'aborted' | 'closed'): void => {
    const act = (): void => finish(fault(site, kind, 'the events were let go of'));
    if (stop.aborted) act();
    else stop.addEventListener('abort', act, { once: true, signal: unlisten.signal });
  };
  socket = opened.value;
  events.addSource(socket);
  stopOn(wire.closing, 'closed');
  if (signal) stopOn(signal, 'aborted');
  return ok({
    events,
    closed,
    [Symbol.asyncDispose]: async () => {
      await events.return();
      finish(null);
    },
  });
}
