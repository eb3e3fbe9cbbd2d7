// Writes config.schema.json beside the compiled files in the directory that the first argument names.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [built] = process.argv.slice(2);
if (built === undefined) {
  console.error('usage: node scripts/write-config-schema.mjs <directory of the compiled files>');
  process.exit(2);
}
const compiled = pathToFileURL(resolve(built, 'domain/config/config-json-schema.js')).href;
const { configJsonSchema } = await import(compiled);
writeFileSync(resolve(built, 'config.schema.json'), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
