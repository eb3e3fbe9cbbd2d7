import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { IncusImage } from '../../../ports/incus-types.js';
import { type MemoryFile, MemoryFiles } from './memory-files.js';
import type { MemorySnapshot } from './memory-instance.js';

const fileSchema: z.ZodType<MemoryFile> = z.object({
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink']),
  uid: z.number(),
  gid: z.number(),
  mode: z.number(),
  content: z.string(),
});

/** The file of an image of the fake: its properties and its tree, as packed JSON. */
const imageFileSchema = z.object({
  type: z.enum(['container', 'virtual-machine']),
  properties: z.record(z.string(), z.string()),
  files: z.array(fileSchema),
});
type ImageFile = z.infer<typeof imageFileSchema>;

export function imageFileOf(
  { type, files }: MemorySnapshot,
  properties: IncusImage['properties'],
  published: string,
): Uint8Array {
  return gzipSync(JSON.stringify({ type, properties, published, files }));
}

/** Null when it is none. */
export function readImageFile(content: Uint8Array): ImageFile | null {
  try {
    return imageFileSchema.parse(JSON.parse(gunzipSync(content).toString()));
  } catch {
    return null;
  }
}

interface Images {
  readonly images: ReadonlyMap<string, IncusImage>;
  readonly imageFiles: ReadonlyMap<string, Uint8Array>;
}

/** As Incus does it, an instance has the properties of its image in its configuration. */
export function beginningOfImage({ images, imageFiles }: Images, fingerprint: string): MemorySnapshot | null {
  const file = readImageFile(imageFiles.get(fingerprint) ?? new Uint8Array());
  if (file === null) return null;
  const properties = Object.entries(images.get(fingerprint)?.properties ?? {});
  return {
    createdAt: '',
    expiresAt: null,
    type: file.type,
    fingerprint,
    profiles: ['default'],
    config: Object.fromEntries(properties.map(([key, value]) => [`image.${key}`, value])),
    devices: {},
    files: MemoryFiles.of(file.files),
  };
}
