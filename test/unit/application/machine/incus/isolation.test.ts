import { ok } from 'neverthrow';
import { expect, it } from 'vitest';
import { checkIsolation } from '../../../../../src/application/machine/incus/isolation.js';
import type { IncusApi } from '../../../../../src/ports/incus-api.js';
import type { IncusProfile } from '../../../../../src/ports/incus-types.js';
import { mustFail } from '../../../../../src/testing/contract/expect-result.js';

it('a network whose configuration a restricted certificate is not shown is not said to have no ACL', async () => {
  const incus = {
    host: 'h',
    network: async () => ok({ name: 'br0', type: 'bridge', managed: true, config: {}, usedBy: [] }),
  } as unknown as IncusApi;
  const isolated = { 'security.port_isolation': 'true', 'security.mac_filtering': 'true' };
  const profile = {
    config: {},
    devices: { eth0: { type: 'nic', network: 'br0', ...isolated } },
  } as unknown as IncusProfile;
  const at = { incusProject: 'p', incusProfile: 'ci' };
  const checked = await checkIsolation(incus, at, profile, new AbortController().signal);
  const { message } = mustFail(checked, 'not_trusted');
  expect(message).toContain('its certificate is restricted to projects');
  expect(message).not.toContain('has no ACL');
});
