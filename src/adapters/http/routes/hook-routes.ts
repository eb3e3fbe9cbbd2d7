import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { webhookEvent } from '../../../domain/hooks/webhook-event.js';
import type { ReceivedHook, WebhookReceiver } from '../../../domain/hooks/webhook-receiver.js';
import { type Refusal, refusalJson } from '../source/refusal.js';
import { HeldBodies } from './held-bodies.js';

/** GitHub sends no more than 25 MiB. */
const LARGEST_BODY = 25 * 1024 * 1024;
/** Of all that are read at once: nobody has proved anything yet. */
const MOST_HELD = 100 * 1024 * 1024;
/** What a header may say to tell one webhook from another. */
const DELIVERY_ID = /^[\x21-\x7e]{1,200}$/;

export const HOOKS = '/hooks/';

/** `POST /hooks/NAME`: what a forge sends, proved by its secret and by nothing else. */
export function addHookRoutes(app: Hono, receiver: WebhookReceiver): void {
  const bodies = new HeldBodies({ largest: LARGEST_BODY, all: MOST_HELD });
  app.post(`${HOOKS}:name`, async (c) => {
    const name = c.req.param('name');
    const hook = receiver.hook(name);
    if (hook === null) return refusalJson(unproved());
    const body = await bodies.read(c.req.raw.body, Number(c.req.header('content-length') ?? 0));
    if (body === 'crowded') return later('others are being read');
    if (body === 'cut') return refusalJson(invalid('the body was cut off'));
    if (body === 'too_large')
      return refusalJson({
        status: 413,
        kind: 'too_large',
        message: `a webhook has at most ${LARGEST_BODY} bytes`,
      });
    if (!isProved(hook, body, c.req.raw.headers)) return refusalJson(unproved());
    return await taken(c, { receiver, name, hook, body });
  });
}

async function taken(
  c: Context,
  {
    receiver,
    name,
    hook,
    body,
  }: { receiver: WebhookReceiver; name: string; hook: ReceivedHook; body: Buffer },
): Promise<Response> {
  let payload: unknown;
  try {
    payload = JSON.parse(body.toString('utf8'));
  } catch {
    return refusalJson(invalid('the body is no JSON: let the forge send application/json'));
  }
  const event = webhookEvent(hook.config, kindOf(hook, c.req.raw.headers), payload);
  if (event.isErr()) return refusalJson(invalid(event.error));
  if ('ignored' in event.value) return c.json({ ignored: event.value.ignored });
  const digest = createHash('sha256').update(body).digest('hex');
  const sent = deliveryOf(hook, c.req.raw.headers);
  const ids = [`body ${digest}`, ...(sent !== null && DELIVERY_ID.test(sent) ? [`id ${sent}`] : [])];
  const answer = await receiver.take({
    hook: name,
    event: event.value,
    ids: ids.map((id) => `${name} ${id}`),
  });
  if (answer.kind === 'full') return later(`${answer.most} runs wait already`);
  if (answer.kind === 'not_kept') return later('it could not be kept');
  return answer.kind === 'duplicate' ? c.json({ duplicate: true }) : c.json({ run: answer.runId }, 202);
}

/**
 * GitHub and Forgejo sign the body (HMAC-SHA256, in hex); GitLab shows the secret itself. Digests are compared, which have one length: how long it
 * takes says nothing of the secret.
 */
function isProved({ config, secret }: ReceivedHook, body: Buffer, headers: Headers): boolean {
  if (config.from === 'gitlab') return isSame(headers.get('x-gitlab-token') ?? '', secret);
  const signed = createHmac('sha256', secret).update(body).digest('hex');
  const shown =
    config.from === 'github'
      ? (headers.get('x-hub-signature-256') ?? '').replace(/^sha256=/, '')
      : (headers.get('x-forgejo-signature') ?? headers.get('x-gitea-signature') ?? '');
  return isSame(shown, signed);
}

function isSame(shown: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(right));
}

function kindOf({ config: { from } }: ReceivedHook, headers: Headers): string {
  const names = {
    github: ['x-github-event'],
    gitlab: ['x-gitlab-event'],
    forgejo: ['x-forgejo-event', 'x-gitea-event'],
  }[from];
  return names.map((name) => headers.get(name)).find((found) => found !== null) ?? '';
}

function deliveryOf({ config: { from } }: ReceivedHook, headers: Headers): string | null {
  const names = {
    github: ['x-github-delivery'],
    // The same when it is sent again.
    gitlab: ['idempotency-key', 'x-gitlab-event-uuid'],
    forgejo: ['x-forgejo-delivery', 'x-gitea-delivery'],
  }[from];
  return names.map((name) => headers.get(name)).find((found) => found !== null) ?? null;
}

/** Of a name that is no hook's as well: nobody learns which there are. */
const unproved = (): Refusal => ({
  status: 401,
  kind: 'unauthorized',
  message: 'this is no webhook that is signed with the secret of a hook of this name',
});

const invalid = (message: string): Refusal => ({ status: 400, kind: 'invalid_webhook', message });

function later(why: string): Response {
  const refusal = refusalJson({ status: 503, kind: 'busy', message: `${why}: send it again later` });
  refusal.headers.set('retry-after', '60');
  return refusal;
}
