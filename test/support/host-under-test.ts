import { z } from 'zod';

/** What `scripts/host up` prints about a host, under the same keys; the tests get it of the host that was started for them. */
export const hostUnderTestSchema = z.object({
  host: z.string(),
  port: z.number(),
  user: z.string(),
  identityFile: z.string(),
  knownHostsFile: z.string(),
  project: z.string(),
  profile: z.string(),
  image: z.string(),
  workDir: z.string(),
  /** Runner directory of the microVM backend, on the host. */
  microvmRunner: z.string(),
  sudoUser: z.string(),
  httpsUrl: z.string(),
  clientCertFile: z.string(),
  clientKeyFile: z.string(),
  serverCertFile: z.string(),
  /** Id or name of the container, for `docker exec`. */
  container: z.string(),
});
export type HostUnderTest = z.infer<typeof hostUnderTestSchema>;

declare module 'vitest' {
  export interface ProvidedContext {
    hosts: HostUnderTest[];
  }
}
