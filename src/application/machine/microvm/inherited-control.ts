import { certificateList } from '../../../domain/machine/certificates.js';
import type { JobFault } from '../../faults/job-fault.js';
import { trustReport } from '../../supervisor/trust-report.js';
import type { InheritedNetwork } from '../inherited/host-network.js';
import type { MicrovmHost } from './microvm-host.js';

/** What the guest of a microVM is told of what it inherits; see microvm/README.md. Nothing where there is nothing. */
export function controlFiles({ certificates, files }: InheritedNetwork): Readonly<Record<string, string>> {
  return {
    ...(certificates.length === 0 ? {} : { certificates: certificateList(certificates) }),
    ...(files.length === 0
      ? {}
      : { inherited: files.map(({ path }, index) => `${index}\t${path}\n`).join('') }),
    ...Object.fromEntries(files.map(({ content }, index) => [`inherited-${index}`, content])),
  };
}

/** What did not go well when a microVM took over what it inherits. Its job has begun: that this is not known is said, and ends nothing. */
export async function inheritanceWarnings(
  host: MicrovmHost,
  { jobDir, name }: { readonly jobDir: string; readonly name: string },
  { certificates, warnings }: InheritedNetwork,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (certificates.length === 0) return warnings;
  const answer = await host.runOrFail(['trusted', jobDir], { signal, phase: 'launch_guest' });
  const said = answer.map((text) => trustReport(Buffer.from(text)));
  const why = said.match(
    (report) => (report === null ? 'the guest does not say' : report.trouble),
    (fault: JobFault) => fault.message,
  );
  return why === null ? warnings : [...warnings, `"inherit.ca" in ${name}: ${why}`];
}
