import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import { createPikaci } from '../../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../../src/domain/config/config.js';
import { inheritedVariables } from '../../../../../src/domain/machine/inherited-variables.js';
import { must } from '../../../../../src/testing/contract/expect-result.js';

const HOST = {
  HTTPS_PROXY: 'http://me:pa55@proxy.example:3128',
  no_proxy: 'a@b.example,localhost',
  PIP_EXTRA_INDEX_URL: 'https://u:p@one.example/simple https://two.example/simple',
  GOPROXY: 'https://t@go.example,direct',
  npm_config_registry: 'https://npm.example/',
  PIP_PASSWORD: 'secret',
};

/** What a job, and a step of an open machine, find in their environment. */
async function found(config: Partial<PikaciConfigInput>, env: Readonly<Record<string, string>> = HOST) {
  const seen: (Readonly<Record<string, string>> | undefined)[] = [];
  const host = new MemoryHost({
    script: async ({ request }) => {
      seen.push(request.environment);
      return 0;
    },
  });
  await host.setWorkspace('/srv/tree', { file: { content: 'x' } });
  const pikaci = must(
    createPikaci(
      { host: 'local', workDir: '/var/pikaci', stateRoot: '/state', ...config },
      { adapters: host.adapters, env },
    ),
  );
  must(
    await pikaci.runJob({
      job: { id: 'j', command: 'true', env: { GOPROXY: 'off' } },
      workspace: '/srv/tree',
      runId: 'r',
    }),
  );
  const machine = must(await pikaci.openMachine({ id: 'm' }));
  must(await machine.run({ command: 'true' }));
  must(await machine.release());
  await pikaci.close();
  return seen.map((environment) =>
    Object.fromEntries(Object.entries(environment ?? {}).filter(([name]) => !name.startsWith('PIKACI_'))),
  );
}

describe('what machines inherit of the host’s environment', () => {
  it('is proxies under both spellings and registries, without credentials, below what a job says itself', async () => {
    const inherited = {
      https_proxy: 'http://proxy.example:3128',
      HTTPS_PROXY: 'http://proxy.example:3128',
      no_proxy: 'a@b.example,localhost',
      NO_PROXY: 'a@b.example,localhost',
      PIP_EXTRA_INDEX_URL: 'https://one.example/simple https://two.example/simple',
      npm_config_registry: 'https://npm.example/',
    };
    const [job, step] = await found({ inherit: { proxy: true, registries: true } });
    expect(job).toMatchObject({ ...inherited, GOPROXY: 'off' });
    expect(step).toMatchObject({ ...inherited, GOPROXY: 'https://go.example,direct' });
    for (const one of [job, step]) expect(JSON.stringify(one)).not.toMatch(/pa55|secret|u:p|t@/);
  });

  it.each([[{}], [{ trust: 'untrusted', inherit: { proxy: true, registries: true } }]] as const)(
    'is nothing with %j',
    async (config) => {
      const [job, step] = await found(config);
      expect(Object.keys(job ?? {}).filter((name) => /prox|registry|PIP/i.test(name))).toEqual(['GOPROXY']);
      expect(Object.keys(step ?? {}).filter((name) => /prox|registry|PIP/i.test(name))).toEqual([]);
    },
  );

  it('has what is asked for alone', () => {
    expect(Object.keys(inheritedVariables(HOST, { proxy: false, registries: true }))).not.toContain(
      'no_proxy',
    );
    expect(inheritedVariables({ http_proxy: 'p:3128' }, { proxy: true, registries: false })).toEqual({
      http_proxy: 'p:3128',
      HTTP_PROXY: 'p:3128',
    });
  });
});
