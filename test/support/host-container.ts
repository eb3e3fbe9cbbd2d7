import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { z } from 'zod';
import { hostLabels } from './left-over-hosts.js';
import { repositoryRoot } from './repository-root.js';

const flagsSchema = z.looseObject({ CapAdd: z.array(z.string()), Binds: z.array(z.string()) });
const imagesSchema = z.looseObject({ hostDockerImage: z.string() });

/** A container that gets exactly what `scripts/host flags` says an Incus host needs, and publishes its ports to this machine alone. */
class IncusHostContainer extends GenericContainer {
  readonly #flags: z.infer<typeof flagsSchema>;

  constructor(image: string, flags: z.infer<typeof flagsSchema>) {
    super(image);
    this.#flags = flags;
  }

  protected override async beforeContainerCreated(): Promise<void> {
    const ports = Object.keys(this.hostConfig.PortBindings ?? {});
    Object.assign(this.hostConfig, this.#flags, {
      PortBindings: Object.fromEntries(ports.map((port) => [port, [{ HostIp: '127.0.0.1', HostPort: '0' }]])),
    });
  }
}

/** Builds the image where it is missing, starts a host from it and waits until jobs can run on it. */
export async function startHostContainer(keysDirectory: string): Promise<StartedTestContainer> {
  const images = imagesSchema.parse(await hostScript('images'));
  const flags = flagsSchema.parse(await hostScript('flags'));
  return new IncusHostContainer(images.hostDockerImage, flags)
    .withExposedPorts(22, 8443)
    .withLabels(hostLabels(keysDirectory))
    .withWaitStrategy(Wait.forLogMessage(/^pikaci-host ready \{/m))
    .withStartupTimeout(300_000)
    .start();
}

async function hostScript(action: 'images' | 'flags'): Promise<unknown> {
  // A machine that has never seen the images bootstraps a Debian for them first.
  const options = { timeout: 20 * 60_000, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(join(repositoryRoot, 'scripts/host'), [action], options);
  return JSON.parse(stdout);
}
