import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, type HostConnection } from '../support/host-connection.js';
import { hostOfWorker } from '../support/host-of-worker.js';
import { MicrovmByHand } from '../support/microvm-by-hand.js';

const host = hostOfWorker();
let connection: HostConnection;
beforeAll(() => {
  connection = connectTo(host);
});
afterAll(() => connection[Symbol.asyncDispose]());

const machine = () => new MicrovmByHand(host, connection);

describe('a microVM by hand', () => {
  it('runs the script of its control share in the guest image, and powers off', async () => {
    await using vm = machine();
    await vm.write('snapshot-ro/file', 'from the host\n');
    await vm.write('artifacts/before', '');
    await vm.boot(
      `echo "first: $(uname -s) $(id -u) $(id -u pikaci) $(readlink /proc/self/fd/0) $$"
      command -v git; command -v curl; ls /sys/class/net; curl -s --max-time 5 http://127.0.0.1:1/ || echo "curl: $?"
      mount -t tmpfs t /mnt && mkdir /mnt/a /mnt/s && mount -t virtiofs artifacts /mnt/a && mount -t virtiofs snapshot-ro /mnt/s
      cat /mnt/s/file; echo no >/mnt/s/new || echo 'snapshot refused'; echo no >/run/pikaci/control/new || echo 'control refused'
      mknod /mnt/a/disk b 254 0 || echo 'device refused'
      echo 'from the guest' >/mnt/a/result; rm /mnt/a/before
      mkdir /run/pikaci/scratch/upper /run/pikaci/scratch/work /workspace/own
      mount -t overlay -o lowerdir=/mnt/s,upperdir=/run/pikaci/scratch/upper,workdir=/run/pikaci/scratch/work o /workspace/own
      echo more >>/workspace/own/file && grep -c . /workspace/own/file | sed 's/^/lines: /'; exit 3`,
      { PIKACI_MICROVM_CPUS: '1', PIKACI_MICROVM_MEMORY_MIB: '512' },
    );
    const lines = (await vm.end()).split('\n');
    expect(lines).toEqual(expect.arrayContaining(['/usr/bin/git', '/usr/bin/curl', 'lo']));
    expect(lines.find((line) => line.startsWith('first:'))).toMatch(/^first: Linux 0 1000 \/dev\/null \d+$/);
    expect(lines).toEqual(expect.arrayContaining(['from the host', 'snapshot refused', 'control refused']));
    expect(lines).toEqual(expect.arrayContaining(['device refused', 'lines: 2', 'curl: 7']));
    expect(lines.at(-2)).toBe('machine: 0');
    expect(await vm.read('sources/artifacts/result')).toBe('from the guest\n');
    await expect(vm.read('sources/artifacts/before')).rejects.toThrow('No such file');
    expect(await vm.processes()).toBe('');
  });

  it('sees what the host changes in its control share while it runs, and forgets its root', async () => {
    await using vm = machine();
    await vm.boot(
      `ls /etc/marker 2>/dev/null; touch /etc/marker /var/lib/marker
      [ -e /run/pikaci/control/cancel ] || echo waiting
      until [ -e /run/pikaci/control/cancel ]; do sleep 0.1; done; cat /run/pikaci/control/cancel
      until grep -q second /run/pikaci/control/cancel; do sleep 0.1; done; echo both seen`,
    );
    expect(await vm.until('waiting')).not.toContain('/etc/marker');
    await vm.write('control/cancel', 'first\n');
    expect(await vm.until('first\n')).toContain('first\n');
    await vm.write('control/cancel', 'second\n');
    expect(await vm.end()).toMatch(/both seen\n[\s\S]*machine: 0\n$/);
    await vm.boot('ls /etc/marker || echo forgotten');
    expect(await vm.end()).toContain('forgotten');
  });

  it('ends at a panic, and says why on the console', async () => {
    await using vm = machine();
    await vm.boot('echo alive; echo c >/proc/sysrq-trigger; sleep 1000');
    expect(await vm.end()).toMatch(
      /alive\n[\s\S]*Kernel panic - not syncing: sysrq triggered crash[\s\S]*machine: 0\n$/,
    );
    expect(await vm.processes()).toBe('');
  });

  it('says so when it has no job: no control share, no script', async () => {
    await using without = machine();
    await without.boot(null);
    expect(await without.end()).toMatch(
      /^pikaci-microvm: the share "control" is missing: there is no job to run\n[\s\S]*machine: 0\n$/m,
    );
    await using empty = machine();
    await empty.write('control/other', '');
    await empty.boot(null);
    expect(await empty.end()).toContain(
      'pikaci-microvm: the share "control" has no file pikaci-microvm-guest: there is no job to run\n',
    );
    expect(await empty.processes()).toBe('');
  });

  it('names the share whose daemon was killed', async () => {
    await using vm = machine();
    await vm.write('artifacts/file', '');
    await vm.boot('echo up; sleep 1000');
    await vm.until('up\n');
    await vm.killDaemonOf('artifacts');
    expect(await vm.end()).toMatch(
      /daemons: virtiofsd-run: the daemon of the share artifacts ended with status 137\n[\s\S]*machine: \d+\n$/,
    );
    expect(await vm.processes()).toBe('');
  });

  it('refuses sizes that are none, and accelerators that it does not know', async () => {
    await using vm = machine();
    for (const [name, value] of [
      ['CPUS', '0'],
      ['CPUS', '1 -S'],
      ['MEMORY_MIB', '100'],
      ['MEMORY_MIB', '1e3'],
      ['DISK_MIB', '99999999999'],
    ] as const) {
      await vm.boot(null, { [`PIKACI_MICROVM_${name}`]: value });
      expect(await vm.end()).toMatch(`microvm-run: PIKACI_MICROVM_${name} is not a whole number from `);
    }
    await vm.boot(null, { PIKACI_MICROVM_ACCEL: 'hax' });
    expect(await vm.end()).toBe('microvm-run: PIKACI_MICROVM_ACCEL is kvm or tcg, not: hax\nmachine: 1\n');
  });
});
