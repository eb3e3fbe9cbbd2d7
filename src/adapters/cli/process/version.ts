import { createRequire } from 'node:module';
import { z } from 'zod';

/** The package's own version. The manifest lies three folders up, in the sources as in the build. */
export function packageVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../../../../package.json');
  return z.looseObject({ version: z.string() }).parse(manifest).version;
}
