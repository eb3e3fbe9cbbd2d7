import type { WebhookConfig } from './webhook-config.js';
import type { WebhookEvent } from './webhook-event.js';

/** A hook, and what its forge proves with that it is the forge. */
export interface ReceivedHook {
  readonly config: WebhookConfig;
  readonly secret: string;
}

/** One webhook that was proved to be its forge's. */
export interface Delivery {
  readonly hook: string;
  readonly event: WebhookEvent;
  /** By which a second one is known for the same: what the forge calls it, and the hash of its body, since only that is signed. */
  readonly ids: readonly string[];
}

/** What became of one. */
export type Taken =
  | { readonly kind: 'queued'; readonly runId: string }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'full'; readonly most: number }
  /** The disk of the server would not have it. */
  | { readonly kind: 'not_kept' };

/** Takes what forges send to `pikaci serve --hooks`. */
export interface WebhookReceiver {
  hook(name: string): ReceivedHook | null;
  take(delivery: Delivery): Promise<Taken>;
}
