import { type CliContext, complain } from '../../session/cli-context.js';
import type { WhatStays } from '../../session/say-what-stays.js';

/** Of an export or import that is interrupted. */
export const IMAGE_LEFT: WhatStays = {
  now: 'the image of the template is being removed from the host',
  left: () => [
    'an image of the template may stay on the host; "pikaci gc --remote" removes it when it is two hours old',
  ],
};

export function complainOfLeftImage(context: CliContext, image: string | null): void {
  if (image === null) return;
  const message = `warning: the image ${image.slice(0, 12)} stays on the host; "pikaci gc --remote" removes it when it is two hours old`;
  complain(context, message);
}
