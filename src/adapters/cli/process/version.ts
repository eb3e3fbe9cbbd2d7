import { createRequire } from 'node:module';

/** The package's own version. The package finds its manifest by its own name, in the sources as in the bundle. */
export function packageVersion(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('pikaci/package.json');
  return manifest.version;
}
