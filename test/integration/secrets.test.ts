import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incusInstanceName } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachMachine } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachMachine(({ backend, guest }) => {
  const TOKEN = `tok-'"$(id)-ü-81f3c0`;
  const KEY = '-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ\nq2w3e4r5t6z7u8i9o0p\n-----END KEY-----\n';
  const PIECES = ['81f3c0', 'MC4CAQAwBQYDK2VwBCIEIJ', 'q2w3e4r5t6z7u8i9o0p'];

  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend, ...(guest && { guest }) });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** Each character in a write of its own, then in two halves, then at once; then the key, whole and its middle line. */
  const tellAll = `cd "$PIKACI_SECRETS_DIR"; n=$(wc -c <TOKEN); i=1
  while [ "$i" -le "$n" ]; do head -c "$i" TOKEN | tail -c 1; i=$((i + 1)); done; echo
  head -c 9 TOKEN; sleep 0.1; tail -c +10 TOKEN; echo; echo "before $(cat TOKEN)$(cat TOKEN) after" >&2
  cat KEY; sed -n 3p KEY; echo "told $(wc -c <KEY)"`;

  async function textBelow(directory: string): Promise<string> {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map(async (file) => `${file}\n${await readFile(file, 'latin1')}`));
    return Buffer.from(texts.join('\n'), 'latin1').toString('utf8');
  }

  /** What the daemon tells everybody who listens. */
  async function watchDaemon() {
    const daemon = must(await site.incus.events({ types: ['operation', 'lifecycle', 'logging'] }));
    const heard: string[] = [];
    const listening = (async () => {
      for await (const event of daemon.events) heard.push(JSON.stringify(event));
    })();
    return {
      end: async () => {
        await daemon[Symbol.asyncDispose]();
        await listening;
        return heard.join('\n');
      },
      [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
    };
  }

  /** What others than root can see of a machine on its host, and what the job's request says. */
  async function tracesOfMachine(runId: string): Promise<Record<string, string>> {
    const { host, incus } = site;
    if (backend === 'incus') {
      const name = incusInstanceName(runId, 'j');
      const request = must(await incus.readFile(host.project, name, '/artifacts/guest-request.json'));
      return {
        request: Buffer.from(request.content).toString(),
        instance: JSON.stringify(must(await incus.instance(host.project, name))),
        operations: JSON.stringify(must(await incus.operations(host.project))),
      };
    }
    const jobDir = `${site.workDir}/runs/${runId}/jobs/j`;
    expect(await site.onHost('stat -c "%a" "$1" "$1/vm/control" "$1/vm/control/secrets.json"', jobDir)).toBe(
      '700\n700\n600\n',
    );
    const files = await site.onHost(
      'find "$1" -xdev -type f ! -name secrets.json ! -name guest.log -exec head -c 1000000 {} +',
      jobDir,
    );
    return { files };
  }

  describe('a secret', () => {
    it('reaches the job, and is nowhere else: not in log, events, records, API, process list or artifacts', async () => {
      await using watch = await watchDaemon();
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
      const machine = await tracesOfMachine(runId);
      const processes = await site.onHost(
        `for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do tr '\\0' '\\n' <"$f" 2>/dev/null || :; done`,
      );
      if (backend === 'incus') expect(processes).toContain('PIKACI_SECRETS_DIR');
      await site.release(runId);
      const { run, log } = await running;
      const heard = await watch.end();
      const daemonLog = await site.onHost('cat /var/log/incus/incusd.log');
      const state = await textBelow(site.stateRoot);
      if (backend === 'incus') expect(heard).toContain(incusInstanceName(runId, 'j'));
      const places = {
        log: log.toString(),
        emitted: events.log().toString(),
        events: JSON.stringify(events.events),
        ...machine,
        processes,
        daemonEvents: heard,
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
          command: 'cd "$PIKACI_SECRETS_DIR" && stat -c "%a %U %n" . TOKEN && wc -c <TOKEN',
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
});
