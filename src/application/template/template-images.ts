import { randomBytes } from 'node:crypto';
import type { Result } from 'neverthrow';
import type { IncusFault } from '../../ports/incus-fault.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { TemplateParts } from './template-parts.js';

/** For an image to be made and carried, and for what is done with it then. */
export const TRANSFER_MS = 60 * 60_000;
const DELETE_MS = 120_000;
/** Whoever made it is gone by then. */
const LEFT_MS = 2 * TRANSFER_MS;
const PREFIX = 'pikaci-template-';

/** What an image is called that is there for one export or import. The daemon knows it, and the image's file does not: who imports that by hand keeps it. */
export function transferName(): string {
  return `${PREFIX}${randomBytes(8).toString('hex')}.tar.gz`;
}

/** Removes an image that was there for one export or import; what was made from it stays. */
export function removeImage(
  { ports: { incus }, settings: { incusProject } }: ImageParts,
  fingerprint: string,
): Promise<Result<void, IncusFault>> {
  return incus.deleteImage(incusProject, fingerprint, { signal: awakeBound(DELETE_MS) });
}

interface ImageParts {
  readonly ports: Pick<TemplateParts['ports'], 'incus'>;
  readonly settings: Pick<TemplateParts['settings'], 'incusProject'>;
}

/** Removes what exports and imports have left that were killed, and says what that was. One that has got an alias since is somebody's. */
export async function removeLeftImages(
  parts: ImageParts & Pick<TemplateParts, 'hostTime'>,
  { dryRun, signal }: { readonly dryRun: boolean; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const listed = await parts.ports.incus.images(parts.settings.incusProject, { signal });
  if (listed.isErr()) return [];
  const before = parts.hostTime.now() - LEFT_MS;
  const left = listed.value.filter(
    ({ filename, aliases, uploadedAt }) =>
      filename.startsWith(PREFIX) && aliases.length === 0 && Date.parse(uploadedAt) < before,
  );
  const removed: string[] = [];
  for (const { fingerprint } of left)
    if (dryRun || (await removeImage(parts, fingerprint)).isOk()) removed.push(`image ${fingerprint}`);
  return removed;
}
