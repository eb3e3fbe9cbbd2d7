import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MemoryClock } from '../../../../../src/adapters/memory/memory-clock.js';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import { TRUSTED } from '../../../../../src/adapters/memory/memory-supervisor/memory-trust.js';
import { HostNetwork } from '../../../../../src/application/machine/inherited/host-network.js';
import { createPikaci } from '../../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../../src/domain/config/config.js';
import { certificatesIn } from '../../../../../src/domain/machine/certificates.js';
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

const APT = [
  'Acquire "";',
  'Acquire::http::Proxy "http://me:pa55@cache.example:3142";',
  'Acquire::http::Proxy::local.example "DIRECT";',
  'Acquire::https::Proxy "http://me:pa/55@cache.example";',
  'Acquire::http::Proxy-Auto-Detect "/usr/bin/tool pa55";',
].join('\n');

/** What a job, and a step of an open machine, find in their environment. */
async function found(config: Partial<PikaciConfigInput>, env: Readonly<Record<string, string>> = HOST) {
  return (await machines(config, { env })).map(({ environment }) => environment);
}

/** Of both machines: their variables, whom they trust, and what was warned of. */
async function machines(
  config: Partial<PikaciConfigInput>,
  { env = {}, files = {} }: { env?: Readonly<Record<string, string>>; files?: Record<string, string> },
) {
  const seen: { environment: Readonly<Record<string, string>>; trusted: string }[] = [];
  const warnings: string[] = [];
  const placed: Record<string, string> = {};
  const host = new MemoryHost({
    script: async ({ request, files: ofGuest }) => {
      const trusted = ofGuest.read(TRUSTED);
      for (const path of ['/.cargo/config.toml', '/etc/apt/apt.conf.d/90pikaci-inherited'])
        placed[path] = ofGuest
          .read(path)
          .map(({ content }) => Buffer.from(content).toString())
          .unwrapOr('');
      const text = trusted.isOk() ? Buffer.from(trusted.value.content).toString() : '';
      seen.push({ environment: request.environment ?? {}, trusted: text });
      return 0;
    },
  });
  host.shell.handle(({ command, write }) => {
    if (command.argv[0] !== 'apt-config') return undefined;
    write('stdout', APT);
    return 0;
  });
  for (const [path, text] of Object.entries(files)) {
    await host.hostFiles.makeDirectory(dirname(path));
    must(await host.hostFiles.writeFile(path, Buffer.from(text)));
  }
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
      events: { emit: (event) => void (event.type === 'warning' && warnings.push(event.message)) },
    }),
  );
  const machine = must(await pikaci.openMachine({ id: 'm' }));
  must(await machine.run({ command: 'true' }));
  must(await machine.release());
  await pikaci.close();
  return seen.map(({ environment, trusted }) => ({
    environment: Object.fromEntries(
      Object.entries(environment).filter(([name]) => !name.startsWith('PIKACI_')),
    ),
    trusted: certificatesIn(Buffer.from(trusted)).certificates.map(({ subject }) => subject),
    text: trusted,
    warnings,
    placed,
  }));
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

  it.each([
    ['http://me:p@55@proxy.example:3128', 'http://proxy.example:3128'],
    ['me:p,a|5 5@proxy.example:3128', undefined],
    ['me:p,a|55@proxy.example:3128', 'proxy.example:3128'],
    ['http://me:pa/55@proxy.example', undefined],
    ['http://proxy.example/?token=pa55#pa55', 'http://proxy.example/'],
    ['socks5h://me:pa55@[::1]:1080/', 'socks5h://[::1]:1080/'],
    ['proxy', 'proxy'],
  ])('is no credential, however it is written: %s', (given, shown) => {
    const left: string[] = [];
    const onLeftOut = (name: string) => left.push(name);
    const proxy = inheritedVariables({ HTTPS_PROXY: given }, { proxy: true, registries: false }, onLeftOut);
    expect(proxy['https_proxy']).toBe(shown);
    expect(left).toEqual(shown === undefined ? ['https_proxy'] : []);
    const npm = inheritedVariables({ npm_config_registry: given }, { proxy: false, registries: true });
    expect(npm['npm_config_registry']).toBe(shown);
  });

  it('is each address of several by itself', () => {
    const given = {
      UV_DEFAULT_INDEX: 'mine=https://u:p@one.example/simple',
      UV_INDEX: 'a=https://u:p@one.example/a https://u:p/x@two.example/b https://three.example/c',
      GOPROXY: 'https://u:p@go.example|https://u:p@other.example,direct',
      CARGO_REGISTRIES_MINE_INDEX: 'sparse+https://t0k@cargo.example/index/',
      NPM_CONFIG_REGISTRY: 'https://npm.example/@scope/',
    };
    expect(inheritedVariables(given, { proxy: false, registries: true })).toEqual({
      UV_DEFAULT_INDEX: 'mine=https://one.example/simple',
      UV_INDEX: 'a=https://one.example/a https://three.example/c',
      GOPROXY: 'https://go.example|https://other.example,direct',
      CARGO_REGISTRIES_MINE_INDEX: 'sparse+https://cargo.example/index/',
      NPM_CONFIG_REGISTRY: 'https://npm.example/@scope/',
    });
  });

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

describe('the registries that machines inherit of files of the host', () => {
  const env = { HOME: '/home/me', UV_INDEX_URL: 'https://uv.example/' };
  const files = {
    '/etc/npmrc': 'registry=https://global.example/\n',
    '/home/me/.npmrc': [
      '//npm.example/:_authToken=pa55',
      'registry = "https://me:pa55@npm.example/"',
      '@mine:registry=https://mine.example/',
      '_auth=pa55',
    ].join('\r\n'),
    '/etc/pip.conf': '[global]\nindex_url: https://global.example/simple\ntrusted-host = one.example:8443\n',
    '/home/me/.config/pip/pip.conf': [
      '# index-url = https://no.example',
      '[global]',
      'index-url = https://me:pa55@pip.example/simple?pa55',
      'extra-index-url =',
      '    https://me:pa55@one.example/simple',
      '    https://two.example/simple',
      'client-cert = /home/me/pa55',
    ].join('\n'),
    '/home/me/.config/go/env': 'GOFLAGS=-mod=mod\nGOPROXY=https://me:pa55@go.example,direct\n',
    '/home/me/.cargo/config.toml': [
      '[registries]',
      'plain-one = { index = "sparse+https://me:pa55@plain.example/index/", token = "pa55" }',
      '[registries.other] # one more',
      'index = "https://other.example/git"',
      'token = "pa55"',
      '[source.crates-io]',
      "replace-with = 'mirror'",
      '[source.mirror]',
      'registry = "sparse+https://me:pa55@mirror.example/"',
      '[source.mine]',
      'replace-with = "vendored"',
      'registry = "https://mine.example"',
      '[source.vendored]',
      'directory = "/home/me/vendored"',
      '[net]',
      'git-fetch-with-cli = true',
    ].join('\n'),
  };
  const VARIABLES = {
    npm_config_registry: 'https://npm.example/',
    PIP_INDEX_URL: 'https://pip.example/simple',
    PIP_EXTRA_INDEX_URL: 'https://one.example/simple https://two.example/simple',
    PIP_TRUSTED_HOST: 'one.example:8443',
    CARGO_REGISTRIES_PLAIN_ONE_INDEX: 'sparse+https://plain.example/index/',
    CARGO_REGISTRIES_OTHER_INDEX: 'https://other.example/git',
    UV_INDEX_URL: 'https://uv.example/',
  };

  it('are those of npm, pip, Go, cargo and apt, without their credentials', async () => {
    const [job, step] = await machines({ inherit: { registries: true } }, { env, files });
    expect(job?.environment).toEqual({ ...VARIABLES, GOPROXY: 'off' });
    expect(step?.environment).toEqual({ ...VARIABLES, GOPROXY: 'https://go.example,direct' });
    expect(job?.placed).toEqual({
      '/.cargo/config.toml':
        '# inherited by pikaci\n[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+https://mirror.example/"\n',
      '/etc/apt/apt.conf.d/90pikaci-inherited':
        '// inherited by pikaci\nAcquire::http::Proxy "http://cache.example:3142";\nAcquire::http::Proxy::local.example "DIRECT";\n',
    });
    expect(JSON.stringify([job, step])).not.toContain('pa55');
    expect(job?.warnings).toEqual([]);
  });

  it('are there in the machine of a template, too, before its setup', async () => {
    const seen: boolean[] = [];
    const host = new MemoryHost({
      script: async ({ files: ofGuest }) => {
        seen.push(ofGuest.read('/.cargo/config.toml').isOk());
        return 0;
      },
    });
    const path = '/home/me/.cargo/config.toml';
    await host.hostFiles.makeDirectory(dirname(path));
    must(await host.hostFiles.writeFile(path, Buffer.from(files[path])));
    await host.setWorkspace('/srv/tree', { file: { content: 'x' } });
    const templates = { t: { from: 'pikaci/dev', setup: 'true' } };
    const targets = { x: { templates, jobs: [{ id: 'j', command: 'true', template: 't' }] } };
    const base = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
    const config = { ...base, inherit: { registries: true }, targets };
    await using pikaci = must(createPikaci(config, { adapters: host.adapters, env }));
    const run = must(await pikaci.runTarget({ target: 'x', workspace: '/srv/tree' }));
    expect([run.record.status, seen]).toEqual(['passed', [true, true]]);
  });

  it('can be asked for without a machine, and are the same of microVMs', async () => {
    const host = new MemoryHost();
    const ask = async (config: Partial<PikaciConfigInput>) => {
      const base = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
      const options = { adapters: host.adapters, env: { npm_config_registry: 'https://u:p@npm.example/' } };
      await using pikaci = must(createPikaci({ ...base, ...config }, options));
      return must(await pikaci.inherited());
    };
    const inherit = { registries: true };
    const variables = { npm_config_registry: 'https://npm.example/' };
    expect(await ask({ inherit })).toEqual({ variables, certificates: [], files: [], warnings: [] });
    expect(await ask({ inherit, backend: 'microvm' })).toMatchObject({ variables, warnings: [] });
    expect(await ask({ backend: 'microvm' })).toMatchObject({ variables: {}, warnings: [] });
    expect(await ask({ inherit, backend: 'microvm', trust: 'untrusted' })).toMatchObject({ variables: {} });
  });

  it('count less than variables of the host, and are not read where they are not asked for', async () => {
    const more = {
      ...env,
      NPM_CONFIG_REGISTRY: 'https://env.example/',
      PIP_INDEX_URL: 'https://env.example/simple',
    };
    const [, step] = await machines({ inherit: { registries: true } }, { env: more, files });
    expect(step?.environment).toMatchObject({ PIP_INDEX_URL: 'https://env.example/simple' });
    expect(step?.environment).not.toHaveProperty('npm_config_registry');
    for (const config of [
      { inherit: { proxy: true } },
      { trust: 'untrusted', inherit: { registries: true } },
    ] as const) {
      const [job, other] = await machines(config, { env: more, files });
      expect([job?.environment, other?.environment]).toEqual([{ GOPROXY: 'off' }, {}]);
      expect(Object.values(job?.placed ?? {})).toEqual(['', '']);
    }
  });
});

describe('the certificates that machines inherit of the host', () => {
  const made = (name: string) => {
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    return execFileSync('openssl', [...words, '-subj', `/CN=${name}`, '-keyout', '-', '-out', '-'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };
  const [bundled, added, named] = [made('bundled'), made('added'), made('named')];
  const files = {
    '/etc/ssl/certs/ca-certificates.crt': `# a list\n${bundled}`,
    '/usr/local/share/ca-certificates/ours/a.crt': `${added}${bundled.replaceAll('\n', '\r\n')}`,
    '/usr/local/share/ca-certificates/notes.txt': made('no certificate of the list'),
    '/home/me/extra.pem': `${named}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  };
  const env = {
    NODE_EXTRA_CA_CERTS: '/home/me/extra.pem',
    PIP_CERT: '/home/me/gone.pem',
    CURL_CA_BUNDLE: 'x',
  };

  it.each(['trusted', 'untrusted'] as const)(
    'are its bundle, what was added to it, and what its variables name, each once and nothing else (%s)',
    async (trust) => {
      const [job, step] = await machines({ trust, inherit: { ca: true } }, { env, files });
      expect(job?.trusted.toSorted()).toEqual(['CN=added', 'CN=bundled', 'CN=named']);
      expect(step?.trusted).toEqual(job?.trusted);
      expect(job?.text).not.toContain('PRIVATE');
      expect(job?.text.split('\n').filter((line) => line.startsWith('name '))).toHaveLength(3);
      expect(job?.warnings).toEqual([
        expect.stringMatching(/^PIP_CERT names \/home\/me\/gone\.pem on memory, which cannot be read: /),
        '/home/me/extra.pem on memory: 1 of its certificates cannot be read, and are left out',
      ]);
      expect(Object.keys(job?.environment ?? {})).toEqual(['GOPROXY']);
    },
  );

  it('are read anew for a machine that is made a minute later, and once for all that are made before', async () => {
    const host = new MemoryHost();
    const path = '/usr/local/share/ca-certificates/a.crt';
    await host.hostFiles.makeDirectory(dirname(path));
    const put = async (text: string) => must(await host.hostFiles.writeFile(path, Buffer.from(text)));
    const clock = new MemoryClock();
    const input = { ca: true, proxy: false, registries: false, environment: {} };
    const network = new HostNetwork({ shell: host.shell, hostFiles: host.hostFiles, clock }, input);
    const known = async () => must(await network.learn()).certificates.map(({ subject }) => subject);
    await put(added);
    expect(await known()).toEqual(['CN=added']);
    await put(named);
    await clock.advance(59_999);
    expect(await known()).toEqual(['CN=added']);
    await clock.advance(1);
    const asked = Promise.all([network.learn(), network.learn()]);
    expect(await known()).toEqual(['CN=named']);
    const [one, other] = await asked;
    expect(must(one)).toBe(must(other));
  });

  it('are none of a host that has none, which is said; and none where they are not asked for', async () => {
    const [job] = await machines({ inherit: { ca: true } }, {});
    expect(job).toMatchObject({
      trusted: [],
      warnings: [expect.stringMatching(/^"inherit\.ca": memory has no/)],
    });
    const [plain] = await machines({}, { env, files });
    expect(plain).toMatchObject({ trusted: [], warnings: [] });
  });
});
