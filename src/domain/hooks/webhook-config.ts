import { z } from 'zod';
import { variableName } from '../values/environment.js';
import { targetIdSchema } from '../values/identifier.js';

/** What git clones from, over HTTPS or SSH. What a webhook says of addresses counts for nothing. */
const cloneUrl = z
  .string()
  .regex(/^(?:https?:\/\/|ssh:\/\/|file:\/\/\/|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:)[^\s\p{Cc}]+$/u, {
    error: 'must be an address such as https://… or git@host:owner/name.git',
  })
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), {
    error: 'must have no login in it: let git have it from a credential helper, or use SSH',
  });

/** A forge that may start runs of a target (docs/serve.md). */
const webhookSchema = z.strictObject({
  /** How it signs and what it says; Gitea's is Forgejo's. */
  from: z.enum(['github', 'gitlab', 'forgejo']),
  /** As the forge names it, `owner/name`: webhooks about others are refused. */
  repo: z.string().regex(/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/, { error: 'is "owner/name"' }),
  url: cloneUrl,
  /** The variable of the server's environment that has the secret which the forge was given. */
  secret: z.strictObject({ env: variableName }),
  /** What is run, of the configuration that the server has. */
  target: targetIdSchema,
  /** Branches whose pushes, and whose pull requests, start a run; `*` stands for any text. All when left out. */
  branches: z.array(z.string().min(1).max(255)).max(100).optional(),
  on: z
    .array(z.enum(['push', 'pull_request']))
    .min(1)
    .default(['push', 'pull_request']),
});
export type WebhookConfig = z.output<typeof webhookSchema>;

/** By the last part of their address: `POST /hooks/NAME`. */
export const webhooksSchema = z.record(targetIdSchema, webhookSchema).default({});
