import type { Hono } from 'hono';
import type { HostsView } from '../../../application/hosts/hosts-view.js';
import { hostsPage } from '../pages/hosts-page.js';
import { refusalPage } from '../pages/refusal-page.js';
import { notFound, refusalJson } from '../source/refusal.js';

const NOT_SHOWN = notFound('this server shows no hosts: "pikaci serve --hosts" does');

/** The queue and the hosts, for people and for programs. */
export function addHostRoutes(app: Hono, hosts: HostsView | null): void {
  app.get('/hosts', async (c) =>
    hosts === null ? c.html(refusalPage(NOT_SHOWN), 404) : c.html(hostsPage(await hosts.seen())),
  );
  app.get('/news/api/forge/pikaci/hosts', async (c) => {
    if (hosts === null) return refusalJson(NOT_SHOWN);
    const seen = await hosts.seen();
    if (seen !== null) return c.json(seen);
    const message = 'the hosts are being asked for the first time: ask again in a few seconds';
    const answer = refusalJson({ status: 503, kind: 'not_yet', message });
    answer.headers.set('retry-after', '3');
    return answer;
  });
}
