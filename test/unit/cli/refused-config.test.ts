import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Cli, configWith } from './cli-harness.js';

/** What is said of a configuration of these bytes. */
async function complaint(bytes: Uint8Array | string, name = 'pikaci.config.json', ...args: string[]) {
  const cli = new Cli({ files: {} });
  writeFileSync(join(cli.folder, name), bytes);
  expect(await cli.run('run', ...args)).toBe(2);
  expect(cli.created).toEqual([]);
  return cli.stderr.text.replaceAll(cli.folder, '.');
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

const https = {
  via: 'https',
  url: 'https://incus.example:8443',
  clientCertFile: 'a',
  clientKeyFile: 'b',
  serverCertFile: 'c',
};
const withTransport = (host: unknown, transport: object = https) =>
  JSON.stringify({ ...JSON.parse(configWith(['a'])), host, incus: { transport } });

describe('bytes that are no UTF-8', () => {
  it('are refused with their line and column', async () => {
    const latin = Buffer.from('{\n  "host": "local", // ü and é\n}', 'latin1');
    const column = '  "host": "local", // ü'.length;
    const written = Buffer.concat([Buffer.from('{\n  "host": "\u{fffd}", // '), Buffer.from([0xfc, 0x0a])]);
    expect(await complaint(latin)).toBe(
      `pikaci: ./pikaci.config.json: (line 2, column ${column}): the byte 0xfc is not UTF-8 here; save the file as UTF-8\n`,
    );
    expect(await complaint(written)).toContain('(line 2, column 19): the byte 0xfc');
  });

  it.each(['pikaci.config.ts', 'pikaci.config.mjs'])('are refused in %s as well', async (name) => {
    const text = Buffer.from('export default { host: "l\xf6cal" };', 'latin1');
    expect(await complaint(text, name)).toContain('(line 1, column 26): the byte 0xf6 is not UTF-8');
  });

  it('are named when all of the file is UTF-16', async () => {
    const text = Buffer.from('\ufeff{"host": "local"}', 'utf16le');
    expect(await complaint(text)).toContain('(line 1, column 1): is UTF-16; save it as UTF-8');
    expect(await complaint(text.swap16())).toContain('is UTF-16');
  });

  it('are refused in a secret, by its name', async () => {
    const job = { id: 'a', command: 'true', secrets: { TOKEN: { env: 'MY_TOKEN' } } };
    const files = {
      'pikaci.config.json': JSON.stringify({ host: 'local', targets: { t: { jobs: [job] } } }),
    };
    const script = `MY_TOKEN=$(printf 's\\377cret') exec "$0" -e 'process.stdout.write(process.env.MY_TOKEN)'`;
    const MY_TOKEN = execFileSync('sh', ['-c', script, process.execPath], { encoding: 'utf8' });
    expect(MY_TOKEN).toBe('s\ufffdcret');
    const cli = new Cli({ files, env: { MY_TOKEN } });
    expect(await cli.run('run')).toBe(2);
    expect(cli.stderr.text).toMatch(
      /secrets\.TOKEN\.env .*: the environment variable MY_TOKEN holds bytes that are not UTF-8/,
    );
    expect(cli.stderr.text).not.toContain('cret ');
    expect(cli.pikaci.inputs).toEqual([]);
  });
});

describe('a configuration', () => {
  it('has no target named __proto__, in any of its forms', async () => {
    const text = '{"host": "local", "targets": {"__proto__": {"jobs": []}}}';
    expect(await complaint(text)).toContain('targets.__proto__ (line 1, column 31): cannot be a name');
    const module = 'export default { host: "local", targets: { ["__proto__"]: { jobs: [] } } };';
    expect(await complaint(module, 'pikaci.config.mjs')).toContain('targets.__proto__: cannot be a name');
  });

  it('that is a module cannot end the process', async () => {
    const { exit } = process;
    expect(await complaint('process.exit(0);\nexport default {};', 'pikaci.config.mjs')).toContain(
      'could not be loaded: Error: it calls process.exit(0)',
    );
    expect(process.exit).toBe(exit);
  });

  it('that is a module and never settles is told as that when nothing is left to happen', async () => {
    const told = complaint('export default new Promise(() => {});', 'pikaci.config.mjs');
    await vi.waitFor(() => expect(process.listenerCount('beforeExit')).toBeGreaterThan(0));
    process.emit('beforeExit', 0);
    expect(await told).toBe(
      'pikaci: ./pikaci.config.mjs: does not settle: it awaits something that does not happen\n',
    );
  });

  it('leaves signals to the process while it is read', async () => {
    const held = deferred();
    const loading = deferred();
    Object.assign(globalThis, { refusedConfig: { loading: loading.resolve, held: held.promise } });
    const text = `refusedConfig.loading(); await refusedConfig.held; export default ${configWith(['a'])};`;
    const cli = new Cli({ files: { 'pikaci.config.mjs': text }, script: async (job) => job.end({}) });
    const exit = cli.run('run');
    await loading.promise;
    expect(cli.signalHandlers).toBe(0);
    held.resolve();
    expect(await exit).toBe(0);
    expect(cli.created).toHaveLength(1);
  });

  it.each(['/dev/null', '/proc/self/fd'])('is no %s', async (file) => {
    const cli = new Cli({ files: {} });
    expect(await cli.run('run', '--config', file)).toBe(2);
    expect(cli.stderr.text).toContain('--config: is no regular file: the folder');
  });
});

describe('--host beside a configured address of Incus', () => {
  it.each([
    ['ci@other', { ssh: 'ci@box' }],
    ['box.other', { ssh: 'box' }],
    ['local', { ssh: 'box' }],
    ['[::1]:2222', { ssh: '[::2]:2222' }],
  ])('is refused: %s', async (host, configured) => {
    const told = await complaint(withTransport(configured), 'pikaci.config.json', '--host', host);
    expect(told).toContain(
      `--host: the configuration reaches Incus at https://incus.example:8443, and not by way of ${host}`,
    );
  });

  it.each([
    ['other@BOX:2222', withTransport({ ssh: 'ci@box' })],
    ['local', withTransport('local')],
    ['other', withTransport({ ssh: 'box' }, { via: 'socket' })],
    ['other', configWith(['a'])],
  ])('is taken where it is the same, or Incus is found through it: %s', async (host, text) => {
    const cli = new Cli({ files: { 'pikaci.config.json': text }, script: async (job) => job.end({}) });
    expect(await cli.run('run', '--host', host)).toBe(0);
  });
});
