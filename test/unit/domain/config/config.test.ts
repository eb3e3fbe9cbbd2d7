import { describe, expect, it } from 'vitest';
import { pikaciConfigSchema } from '../../../../src/domain/config/config.js';
import { smallestConfig } from '../../../support/smallest-config.js';

const issuesOf = (value: unknown) =>
  pikaciConfigSchema
    .safeParse(value)
    .error?.issues.map(({ path, code }) => ({ path: path.join('.'), code })) ?? [];

describe('the configuration', () => {
  it('parses in its smallest form', () => {
    const config = pikaciConfigSchema.parse(smallestConfig());
    expect(config).toMatchObject(smallestConfig());
    expect(config.incus.transport).toEqual({ via: 'socket', path: '/var/lib/incus/unix.socket' });
    expect([config.stateRoot, config.leaseSecs, config.targets['t']?.parallel]).toEqual(['.pikaci', 900, 4]);
  });

  it('needs no more than a host', () => {
    expect(pikaciConfigSchema.parse({ host: 'local' })).toMatchObject({
      host: 'local',
      backend: 'incus',
      workDir: '/var/tmp/pikaci',
      targets: {},
    });
    expect(issuesOf({})).toEqual([{ path: 'host', code: 'invalid_union' }]);
  });

  const misspelt: readonly [string, (config: ReturnType<typeof smallestConfig>) => object][] = [
    ['', (config) => ({ ...config, backends: 'incus' })],
    ['incus', (config) => ({ ...config, incus: { ...config.incus, projects: 'x' } })],
    ['targets.t', (config) => ({ ...config, targets: { t: { ...config.targets.t, paralel: 2 } } })],
    [
      'targets.t.jobs.0',
      (config) => ({
        ...config,
        targets: { t: { jobs: [{ ...config.targets.t.jobs[0], runasroot: true }] } },
      }),
    ],
  ];
  for (const [path, change] of misspelt) {
    it(`refuses a misspelt key ${path === '' ? 'at the top' : `in ${path}`}, and says where it stands`, () => {
      expect(issuesOf(change(smallestConfig()))).toEqual([{ path, code: 'unrecognized_keys' }]);
    });
  }

  it('refuses a misspelt key of the host', () => {
    expect(issuesOf({ host: { ssh: 'h', identityfile: 'x' } }).map(({ path }) => path)).toEqual(['host']);
  });

  it('refuses two jobs of one id, and a target without jobs', () => {
    const [job] = smallestConfig().targets.t.jobs;
    expect(issuesOf({ host: 'local', targets: { t: { jobs: [job, job] } } })).toEqual([
      { path: 'targets.t.jobs', code: 'custom' },
    ]);
    expect(issuesOf({ host: 'local', targets: { t: { jobs: [] } } })).toEqual([
      { path: 'targets.t.jobs', code: 'too_small' },
    ]);
  });

  it('takes a secret from a variable of the caller, never from the file', () => {
    const withSecrets = (secrets: object) => ({
      host: 'local',
      targets: { t: { jobs: [{ id: 'j', command: 'x', secrets }] } },
    });
    expect(issuesOf(withSecrets({ TOKEN: { env: 'CI_TOKEN' } }))).toEqual([]);
    expect(issuesOf(withSecrets({ TOKEN: 'hunter2' })).map(({ path }) => path)).toEqual([
      'targets.t.jobs.0.secrets.TOKEN',
    ]);
  });

  for (const ssh of [
    'host',
    'user@host',
    'user@host:22',
    'host:65535',
    'user@[::1]:2222',
    '[fe80::1]',
    'ci-host.example',
  ]) {
    it(`takes ${ssh} for a host`, () => expect(issuesOf({ host: { ssh } })).toEqual([]));
  }
  for (const ssh of [
    '',
    '-oProxyCommand=x',
    '-l@host',
    'user@-host',
    'a b',
    'host:',
    'host:99999',
    '::1',
    'ssh://host',
    'a@b@c',
  ]) {
    it(`does not take ${JSON.stringify(ssh)} for a host`, () =>
      expect(issuesOf({ host: { ssh } })).not.toEqual([]));
  }

  it('refuses a work directory that is not absolute and normalised', () => {
    for (const workDir of ['var/tmp', '/var/../tmp', '/var/tmp/', '~/ci']) {
      expect(issuesOf({ host: 'local', workDir })).toEqual([{ path: 'workDir', code: 'custom' }]);
    }
  });
});
