import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incusInstanceName } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const TOKEN = `tok-'"$(id)-ü-81f3c0`;
const KEY = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nq2w3e4r5t6z7u8i9o0p\n-----END KEY-----\n';
const PIECES = ['81f3c0', 'MC4CAQAwBQYDK2VwBCIEIJ', 'q2w3e4r5t6z7u8i9o0p'];

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(() => site[Symbol.asyncDispose]());

/** Each character in a write of its own, then in two halves, then at once; then the key, whole and its middle line. */
const tellAll = `cd "$PIKACI_SECRETS_DIR"; n=$(wc -c <TOKEN); i=1
  while [ "$i" -le "$n" ]; do head -c "$i" TOKEN | tail -c 1; i=$((i + 1)); done; echo
  head -c 9 TOKEN; sleep 0.1; tail -c +10 TOKEN; echo; echo "before $(cat TOKEN)$(cat TOKEN) after" >&2
  cat KEY; sed -n 3p KEY; echo "told $(wc -c <KEY)"`;

async function textBelow(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map(async (file) => `${file}\n${await readFile(file, 'latin1')}`));
  return Buffer.from(texts.join('\n'), 'latin1').toString('utf8');
}

describe('a secret', () => {
  it('reaches the job, and is nowhere else: not in log, events, records, API, process list or artifacts', async () => {
    const { host, incus } = site;
    await using daemon = must(await incus.events({ types: ['operation', 'lifecycle', 'logging'] }));
    const heard: string[] = [];
    const listening = (async () => {
      for await (const event of daemon.events) heard.push(JSON.stringify(event));
    })();
    const runId = site.newRunId();
    const events = new EventRecorder();
    const running = site.finish(
      {
        command: `${tellAll}; until [ -e /artifacts/go ]; do sleep 0.05; done; env >/artifacts/env.txt`,
        secrets: { TOKEN, KEY },
        artifacts: ['/artifacts/*.txt'],
      },
      { runId, events },
    );
    await events.logged('told ');
    const name = incusInstanceName(runId, 'j');
    const request = must(await incus.readFile(host.project, name, '/artifacts/guest-request.json'));
    const instance = must(await incus.instance(host.project, name));
    const operations = must(await incus.operations(host.project));
    const processes = await site.onHost(
      `for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do tr '\\0' '\\n' <"$f" 2>/dev/null || :; done`,
    );
    expect(processes).toContain('PIKACI_SECRETS_DIR');
    await site.release(runId);
    const { run, log } = await running;
    await daemon[Symbol.asyncDispose]();
    await listening;
    const daemonLog = await site.onHost('cat /var/log/incus/incusd.log');
    const state = await textBelow(site.stateRoot);
    expect(heard.join('\n')).toContain(name);
    const places = {
      log: log.toString(),
      emitted: events.log().toString(),
      events: JSON.stringify(events.events),
      request: Buffer.from(request.content).toString(),
      instance: JSON.stringify(instance),
      operations: JSON.stringify(operations),
      processes,
      daemonEvents: heard.join('\n'),
      daemonLog,
      state,
    };
    for (const [place, text] of Object.entries(places)) {
      for (const piece of [TOKEN, KEY, ...PIECES])
        expect(text.includes(piece), `${piece} in ${place}`).toBe(false);
    }
    expect(log.toString()).toBe(`***\n***\nbefore ****** after\n******\ntold ${KEY.length}\n`);
    expect(run.outcome.status).toBe('passed');
    expect(run.outcome.artifacts.collected.map(({ path }) => path)).toEqual(['env.txt']);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('is readable for the user of the job alone, for pikaci as for root', async () => {
    for (const runAsRoot of [false, true]) {
      const { log } = await site.finish({
        command: 'cd "$PIKACI_SECRETS_DIR" && stat -c "%a %U %n" . TOKEN && cksum <TOKEN | cut -d " " -f 2',
        secrets: { TOKEN },
        runAsRoot,
      });
      const user = runAsRoot ? 'root' : 'pikaci';
      expect(log.toString()).toBe(`500 ${user} .\n400 ${user} TOKEN\n${Buffer.byteLength(TOKEN)}\n`);
    }
  });

  it('in the name of an artifact or in the fault of a mount is masked in what is reported', async () => {
    const { run, events } = await site.finish({
      command: 'cd /artifacts && : >"$(cat "$PIKACI_SECRETS_DIR/PLAIN")"',
      secrets: { PLAIN: 'plain-secret-9d1' },
      artifacts: ['/artifacts/*'],
    });
    expect(JSON.stringify(events.events)).not.toContain('plain-secret-9d1');
    expect(JSON.stringify(run.outcome.artifacts)).not.toContain('plain-secret-9d1');
    expect(await readFile(run.state.jobRecord, 'utf8')).not.toContain('plain-secret-9d1');
  });
});
