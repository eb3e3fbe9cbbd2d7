import { createRequire } from 'node:module';

/** The package's own version. Its manifest is found by its own name; the build puts the version in the place of this module. */
export function packageVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('pikaci/package.json');
  return manifest.version;
}
