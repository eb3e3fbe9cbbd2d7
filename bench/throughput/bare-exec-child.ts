import { randomBytes } from 'node:crypto';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { removeInstance } from '../../src/application/machine/incus/remove-instance.js';
import { bareApi } from '../connect.js';
import { parseHost } from '../host.js';
import { value } from '../value.js';
import { peakRssBytes, type StreamResult, streamCommand } from './stream-result.js';

// Bytes through the bare exec websocket of the API object, counted and dropped. Arguments: the host as JSON, the bytes.
const host = parseHost(process.argv[2] ?? '');
const wanted = Number(process.argv[3]);
const name = `bench-${randomBytes(6).toString('hex')}`;
await using api = bareApi(host);
try {
  const instance = {
    name,
    type: 'container',
    ephemeral: true,
    start: true,
    source: { alias: host.image },
    profiles: [host.profile],
    config: {},
    devices: {},
  } as const;
  value(await api.incus.createInstance(host.project, instance), 'create');
  const start = performance.now();
  const command: [string, ...string[]] = ['/bin/sh', '-c', streamCommand(wanted)];
  await using exec = value(await api.incus.exec(host.project, name, { command }), 'exec');
  let bytes = 0;
  let first = start;
  for await (const chunk of exec.output) {
    if (bytes === 0) first = performance.now();
    bytes += chunk.data.length;
  }
  const end = performance.now();
  const { code } = value(await exec.exit, 'exit');
  if (code !== 0 || bytes !== wanted) throw new Error(`status ${code} after ${bytes} of ${wanted} bytes`);
  const result: StreamResult = { bytes, ms: end - first, allMs: end - start, peakRssBytes: peakRssBytes() };
  console.log(JSON.stringify(result));
} finally {
  const removed = { incus: api.incus, clock: new SystemClock() };
  const made = { project: host.project, name, acquisition: null };
  value(await removeInstance(removed, made, AbortSignal.timeout(60_000)), 'remove');
}
