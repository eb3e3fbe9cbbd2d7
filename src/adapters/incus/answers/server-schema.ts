import { z } from 'zod';
import type { IncusServer } from '../../../ports/incus-types.js';

/** `GET /1.0`. A client that is not trusted gets no environment. */
export const serverSchema = z
  .object({
    api_version: z.string(),
    api_extensions: z.array(z.string()),
    auth: z.string(),
    environment: z
      .object({
        server_version: z.string(),
        server_clustered: z.boolean(),
        server_name: z.string(),
        kernel_version: z.string(),
        architectures: z.array(z.string()),
        certificate_fingerprint: z.string(),
      })
      .partial()
      .nullish(),
  })
  .transform(
    ({ api_version, api_extensions, auth, environment }): Omit<IncusServer, 'hostTimeMs'> => ({
      apiVersion: api_version,
      apiExtensions: api_extensions,
      auth,
      serverVersion: environment?.server_version ?? '',
      serverName: environment?.server_name ?? '',
      clustered: environment?.server_clustered ?? false,
      kernelVersion: environment?.kernel_version ?? '',
      architectures: environment?.architectures ?? [],
      certificateFingerprint: environment?.certificate_fingerprint ?? '',
    }),
  );
