import { z } from 'zod';
import { variableName } from '../values/environment.js';

const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

/** Where the states of a run's jobs are told. */
export const reportSchema = z.strictObject({
  /** Which interface it has; Gitea's is Forgejo's. */
  to: z.enum(['github', 'gitlab', 'forgejo']),
  /** Of its interface: `https://api.github.com`, `https://gitlab.example.com/api/v4`, `https://codeberg.org/api/v1`. */
  url: httpUrl,
  /** The variable of the runner's environment that has the token. */
  token: z.strictObject({ env: variableName }),
  /** `owner/name`; with GitLab also the path of a project in groups. */
  repo: z.string().regex(/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/, { error: 'is "owner/name"' }),
  /** Stands in front of a job's id, as `pikaci/test`. */
  context: z
    .string()
    .regex(/^[^\p{Cc}]{1,100}$/u, { error: 'has 1 to 100 characters, and no control characters' })
    .default('pikaci'),
  /** Address of a `pikaci serve`, to whose pages the states lead. */
  pages: httpUrl.optional(),
});
export type ReportConfig = z.output<typeof reportSchema>;
