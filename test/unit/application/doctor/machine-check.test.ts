import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import type { DoctorCheck } from '../../../../src/application/doctor/doctor-report.js';
import { checkMachine, type MachineProbe } from '../../../../src/application/doctor/machine-check.js';
import { checkReach } from '../../../../src/application/doctor/reach-check.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun } from '../memory-run.js';

/** The check of a machine in which this runs. */
async function checked(
  script: MemoryJobScript,
  signal = new AbortController().signal,
  also: MachineProbe['also'] = async () => {},
) {
  const { pikaci, host } = await memoryRun({ script });
  const { localFiles, clock } = host.adapters;
  const check = await checkMachine({
    open: (input) => pikaci.openMachine(input),
    localFiles,
    clock,
    stateRoot: '/state',
    signal,
    also,
  });
  const left = {
    instances: must(await host.incus.instances('default')),
    records: (await localFiles.list('/state/machines')).unwrapOr([]),
  };
  return { check, left };
}

const NOTHING = { instances: [], records: [] };

describe('the machine that the doctor tries', () => {
  it('is made, runs a command, and leaves nothing', async () => {
    const { check, left } = await checked(async () => 0);
    expect(check).toMatchObject({ name: 'machine', status: 'ok' });
    expect(left).toEqual(NOTHING);
  });

  it('names what its image lacks', async () => {
    const { check, left } = await checked(async ({ write }) => {
      write('tar\nxargs\n');
      return 0;
    });
    expect(check).toMatchObject({
      status: 'warning',
      detail: 'the image has no tar, xargs: artifacts or exported variables will be missing',
    });
    expect(left).toEqual(NOTHING);
  });

  it('says what its supervisor says when it cannot run anything', async () => {
    const { check, left } = await checked(async () => ({
      schema_version: 1,
      status: 'failed',
      exit_code: null,
      finished_at: '',
      cause: 'setup',
      message: 'the image has no find',
    }));
    expect(check).toMatchObject({ status: 'failed', detail: 'the image has no find' });
    expect(left).toEqual(NOTHING);
  });

  it('is removed when the check is interrupted', async () => {
    const stop = new AbortController();
    const { check, left } = await checked(async ({ cancelled }) => {
      stop.abort();
      await cancelled;
      return 143;
    }, stop.signal);
    expect(check).toMatchObject({ status: 'skipped' });
    expect(left).toEqual(NOTHING);
  });
});

describe('what a machine reaches', () => {
  /** The lines of the doctor, of a machine that says this. */
  async function reached(said: string, { ca = false, code = 0 } = {}) {
    const checks: DoctorCheck[] = [];
    const script: MemoryJobScript = async ({ request, write }) => {
      if (!JSON.stringify(request).includes('has() {')) return 0;
      write(said);
      return code;
    };
    const { check, left } = await checked(script, new AbortController().signal, async (machine, signal) => {
      checks.push(...(await checkReach(machine, { ca }, signal)));
    });
    expect([check.status, left]).toEqual(['ok', NOTHING]);
    return checks.map(
      ({ name, status, detail, remedy }) =>
        `${name} ${status}: ${detail}${remedy === null ? '' : ` > ${remedy}`}`,
    );
  }
  const line = (...fields: readonly string[]) => `${fields.join('\t')}\n`;

  it('is told of each registry, of names and of TLS, without credentials', async () => {
    const said = [
      line('network', 'yes', '1'),
      line('address', 'npm_config_registry', 'https://u:p@npm.example/', '0', 'curl', '0', '200'),
      line(
        'address',
        'PIP_INDEX_URL',
        'https://pip.example/simple?t0k',
        '0',
        'curl',
        '60',
        'curl: (60) SSL certificate problem',
      ),
      line(
        'address',
        'GOPROXY',
        'https://go.example',
        '2',
        'curl',
        '6',
        'curl: (6) Could not resolve host: go.example',
      ),
      line('address', 'apt', 'http://10.0.0.1:3142', '-', 'curl', '0', '407'),
      'noise\n',
    ].join('');
    expect(await reached(said)).toEqual([
      'network ok: the machine has an address and a resolver',
      "names warning: the machine's resolver does not know go.example > look at the resolver of the host, and at the ACL of the network (docs/trust.md)",
      'tls warning: the machine does not trust pip.example: curl: (60) SSL certificate problem > "inherit": {"ca": true} gives machines the certificates that the host trusts (docs/operations.md)',
      'registry ok: npm_config_registry: https://npm.example/ answers (200)',
      'registry warning: PIP_INDEX_URL: https://pip.example/simple is not reached: curl: (60) SSL certificate problem > curl -sSI https://pip.example/simple',
      'registry warning: GOPROXY: https://go.example is not reached: curl: (6) Could not resolve host: go.example > curl -sSI https://go.example',
      'registry warning: apt: http://10.0.0.1:3142: the proxy wants credentials > give them to jobs as secrets',
    ]);
    expect((await reached(said, { ca: true }))[2]).toMatch(/ > add the authority to the host, /);
  });

  it.each([
    [
      'no network',
      line('network', 'none', '0'),
      ['network warning: the machine has no network, or got no address within 5 s'],
    ],
    [
      'a tool that is missing',
      line('network', 'yes', '0') + line('address', 'GOPROXY', 'https://go.example', '0', 'none', '0', ''),
      [
        'network warning: the machine has an address, and no resolver in /etc/resolv.conf',
        "names ok: the machine's resolver knows go.example",
        'tls skipped: no address has been tried with TLS',
        'registry skipped: GOPROXY: https://go.example: the image has no curl, wget, python3 or node to try it with',
      ],
    ],
    [
      'nothing that is set',
      line('network', 'yes', '1'),
      [
        'network ok: the machine has an address and a resolver',
        'names skipped: no registry is set that it could be tried with ("inherit": {"registries": true})',
        'tls skipped: no registry is set that it could be tried with ("inherit": {"registries": true})',
        'registry skipped: no registry is set that it could be tried with ("inherit": {"registries": true})',
      ],
    ],
    ['silence', '', ['network skipped: the machine did not say what it reaches']],
  ])('may be %s', async (_what, said, checks) => {
    expect((await reached(said)).map((text) => text.replace(/ > .*/, ''))).toEqual(checks);
  });

  it('is no failure of the machine where it cannot be found out', async () => {
    expect(await reached('', { code: 3 })).toEqual([
      expect.stringMatching(/^network warning: what the machine reaches could not be found out: /),
    ]);
  });
});
