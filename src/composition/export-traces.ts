import { once } from 'node:events';
import { packageVersion } from '../adapters/cli/process/version.js';
import { SystemClock } from '../adapters/node/system-clock.js';
import { otlpSettings } from '../adapters/otel/otlp-settings.js';

/** How long a command waits at its end for a collector that is slow or gone. */
const CLOSE_BOUND_MS = 5000;

export interface TracedCommand {
  /** Of this process, as the SDK reads it as well. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What ends the wait for a collector. */
  readonly signals: readonly string[];
}

/** Runs a command with its spans sent by OTLP, where the environment asks for that. What cannot be sent is told, and changes nothing else. */
export async function withTraces(
  run: () => Promise<number>,
  { env, signals }: TracedCommand,
): Promise<number> {
  const settings = otlpSettings(env);
  const tell = (message: string) => process.stderr.write(`pikaci: ${message}\n`);
  if (settings.isErr()) tell(settings.error);
  if (settings.isErr() || settings.value === null) return await run();
  // The SDK is loaded by nobody else.
  const { OtlpExport } = await import('../adapters/otel/otlp-export.js');
  const traces = new OtlpExport(settings.value, packageVersion());
  const code = await run();
  const stop = new AbortController();
  const closed = await Promise.race([
    traces.close().then(() => 'closed'),
    new SystemClock().bound(CLOSE_BOUND_MS, stop.signal),
    // Who asks again to end does not wait for a collector.
    ...signals.map((signal) => once(process, signal, { signal: stop.signal }).catch(() => 'aborted')),
  ]);
  stop.abort();
  if (traces.trouble !== null) tell(`traces could not be sent: ${traces.trouble}`);
  else if (closed !== 'closed')
    tell(
      `traces may not all have been sent: in ${CLOSE_BOUND_MS / 1000} s the collector was not reached, or did not answer`,
    );
  return code;
}
