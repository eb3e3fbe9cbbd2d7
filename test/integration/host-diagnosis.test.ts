import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { connectTo } from '../support/host-connection.js';
import { diagnosed } from '../support/host-diagnosis.js';
import { hostOfWorker } from '../support/host-of-worker.js';

it('a daemon that does not answer a test is shown as it is: stopped, with its threads, its log and the host', async () => {
  const host = hostOfWorker();
  const signal = (name: string) =>
    execFileSync('docker', ['exec', host.container, 'pkill', `-${name}`, '-o', '^incusd$']);
  await using looking = connectTo(host);
  signal('STOP');
  try {
    const said = await diagnosed(looking.incus, host.container, 3000)
      .instances(host.project)
      .then(
        () => 'it was answered',
        (error: Error) => error.message,
      );
    expect(said).toContain("instances of the test's own Incus was not answered in 3 s");
    expect(said).toMatch(/State:\s+T \(stopped\)/);
    expect(said).toMatch(/descriptors: [1-9]\d*\n/);
    expect(said).toMatch(/== threads of incusd[^\n]*\n +\d+ \w+\n/);
    for (const part of ['load', 'of the host', 'incusd.log', 'processes'])
      expect(said).toContain(`== ${part}\n`);
    expect(said).toContain('ready');
    expect(said.length).toBeLessThan(9000);
  } finally {
    signal('CONT');
  }
  expect((await diagnosed(looking.incus, host.container).instances(host.project)).isOk()).toBe(true);
});
