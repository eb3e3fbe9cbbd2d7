import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedTestContainer } from 'testcontainers';
import type { TestProject } from 'vitest/node';
import { freshBuild } from './fresh-build.js';
import { startHostContainer } from './host-container.js';
import { type HostUnderTest, hostUnderTestSchema } from './host-under-test.js';
import { KEYS_PREFIX, removeLeftOverHosts } from './left-over-hosts.js';

/** An Incus host for each worker of the integration tests: started before them, gone after them. */
export default async function startGlobalHosts(project: TestProject): Promise<() => Promise<void>> {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  const building = freshBuild();
  const hosts = await Promise.allSettled(Array.from({ length: project.config.maxWorkers }, startHost));
  const stop = async () => {
    await Promise.all(hosts.map((host) => (host.status === 'fulfilled' ? host.value.stop() : undefined)));
  };
  try {
    await building;
    project.provide(
      'hosts',
      hosts.map((host) => {
        if (host.status === 'rejected') throw host.reason;
        return host.value.host;
      }),
    );
    await removeLeftOverHosts();
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startHost(): Promise<{ host: HostUnderTest; stop: () => Promise<void> }> {
  const keys = await mkdtemp(join(tmpdir(), KEYS_PREFIX));
  const removeKeys = () => rm(keys, { recursive: true, force: true });
  try {
    const container = await startHostContainer(keys);
    const stop = async () => {
      await container.stop({ timeout: 0, remove: true, removeVolumes: true });
      await removeKeys();
    };
    try {
      return { host: await introduce(container, keys), stop };
    } catch (error) {
      await stop();
      throw error;
    }
  } catch (error) {
    await removeKeys();
    throw error;
  }
}

/** Brings the keys here that the host made for its clients, and puts its own key into a known_hosts file. */
async function introduce(container: StartedTestContainer, keys: string): Promise<HostUnderTest> {
  const fetch = async (name: string): Promise<string> => {
    const { exitCode, stdout } = await container.exec(['cat', `/run/pikaci-host/${name}`]);
    if (exitCode !== 0) throw new Error(`the host has no ${name}`);
    return stdout;
  };
  const keep = async (name: string, text: string): Promise<string> => {
    const path = join(keys, name);
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  };
  const bring = async (name: string) => keep(name, await fetch(name));
  const port = container.getMappedPort(22);
  const [identityFile, clientCertFile, clientKeyFile, serverCertFile, hostKey, log] = await Promise.all([
    bring('id_ed25519'),
    bring('client.crt'),
    bring('client.key'),
    bring('server.crt'),
    fetch('ssh_host_key.pub'),
    readyLine(container),
  ]);
  const [type, key] = hostKey.split(' ');
  return hostUnderTestSchema.parse({
    ...log,
    host: '127.0.0.1',
    port,
    identityFile,
    clientCertFile,
    clientKeyFile,
    serverCertFile,
    knownHostsFile: await keep('known_hosts', `[127.0.0.1]:${port} ${type} ${key}\n`),
    httpsUrl: `https://127.0.0.1:${container.getMappedPort(8443)}`,
    container: container.getId(),
  });
}

/** `pikaci-host ready {…}`: the host's own account of users, project, profile, image and work directory. */
async function readyLine(container: StartedTestContainer): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of await container.logs()) {
    text += String(chunk);
    const line = /^pikaci-host ready (\{.*\})$/m.exec(text);
    if (line?.[1] !== undefined) return JSON.parse(line[1]) as Record<string, unknown>;
  }
  throw new Error('the host never said that it is ready');
}
