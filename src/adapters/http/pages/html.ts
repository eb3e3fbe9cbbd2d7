import type { html } from 'hono/html';

/** HTML in which everything that came from outside has been escaped. */
export type Html = ReturnType<typeof html>;
