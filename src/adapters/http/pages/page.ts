import { html } from 'hono/html';

/** HTML in which everything that came from outside has been escaped. */
export type Html = ReturnType<typeof html>;

export interface PageParts {
  readonly title: string;
  readonly body: Html;
  /** Seconds after which a browser looks again; null when nothing will change. */
  readonly refreshSecs?: number | null;
}

/** The frame of every page. There is no script: a page of something that goes on is loaded again. */
export function page({ title, body, refreshSecs = null }: PageParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refreshSecs === null ? '' : html`<meta http-equiv="refresh" content="${refreshSecs}">`}
<title>${title} · pikaci</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">pikaci</a></header>
<main>
<h1><bdi>${title}</bdi></h1>
${body}
</main>
</body>
</html>
`;
}

export function statusMark(status: string): Html {
  return html`<span class="status ${status}">${status}</span>`;
}

/** As a component of an address. Half a surrogate pair, which JSON can hold and an address cannot, is replaced. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}
