import type { IncusFault } from '../../ports/incus-fault.js';
import type { JobFault } from '../faults/job-fault.js';
import { templateFault, whileAtTemplate } from './template-fault.js';

/** Longest part that is shown of what a program said. */
const MOST_SAID = 300;

/**
 * What the daemon says when an image does not unpack. It says "Unpack failed" where the file is at fault, and "run out of disk space" where the
 * pool is (Incus's shared/archive/archive.go); behind that come the words and the options of tar or unsquashfs.
 */
export function unpackFault(fault: IncusFault, name: string): JobFault {
  const known = whileAtTemplate(fault, `unpack the template ${name}`);
  if (!/\bUnpack failed\b/i.test(fault.message)) return known;
  const [, said = ''] = /exit status [0-9]+ \(([\s\S]*)\)\s*$/.exec(fault.message) ?? [];
  const why = said.trim().slice(0, MOST_SAID) || 'it is damaged';
  const message = `the file of the template ${name} does not unpack: ${why}; look whether all of it has come`;
  return { ...templateFault(fault.host, message), kind: 'template_refused', cause: fault };
}
