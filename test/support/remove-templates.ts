import { must } from '../../src/testing/contract/expect-result.js';
import type { Site } from './site.js';

/** Templates stay, which is what they are for, and other tests count what is on this host. */
export async function removeTemplates(site: Site): Promise<void> {
  const { project } = site.host;
  for (const { name, config } of must(await site.incus.instances(project)))
    if (Object.keys(config).some((key) => key.startsWith('user.pikaci.template.')))
      must(await site.incus.deleteInstance(project, name));
}
