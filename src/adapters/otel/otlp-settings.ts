import { err, ok, type Result } from 'neverthrow';

/** How spans are sent, as the variables of OpenTelemetry say it. */
export interface OtlpSettings {
  readonly protocol: 'http/protobuf' | 'http/json';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether spans are to be sent, by https://opentelemetry.io/docs/specs/otel/protocol/exporter/: null when nobody has asked for it, and a
 * sentence where what was asked for cannot be had. An endpoint has to be named: that there is a collector on this machine is not assumed.
 */
export function otlpSettings(env: Environment): Result<OtlpSettings | null, string> {
  const [endpointName, endpoint] = first(env, 'ENDPOINT');
  if (endpoint === undefined || /^true$/i.test(env['OTEL_SDK_DISABLED'] ?? '')) return ok(null);
  const exporter = env['OTEL_TRACES_EXPORTER']?.trim() || 'otlp';
  if (exporter === 'none') return ok(null);
  if (exporter !== 'otlp')
    return err(`OTEL_TRACES_EXPORTER is "${exporter}", and only otlp and none are there; no traces are sent`);
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    return err(`${endpointName} is no http or https URL; no traces are sent`);
  const [protocolName, protocol = 'http/protobuf'] = first(env, 'PROTOCOL');
  if (protocol === 'http/protobuf' || protocol === 'http/json') return ok({ protocol });
  return err(
    `${protocolName} is "${protocol}", and only http/protobuf and http/json are there (a collector takes them on port 4318); no traces are sent`,
  );
}

/** That of traces counts before that of all signals; an empty one counts as none. */
function first(env: Environment, name: string): readonly [string, string | undefined] {
  const own = `OTEL_EXPORTER_OTLP_TRACES_${name}`;
  const all = `OTEL_EXPORTER_OTLP_${name}`;
  const value = (of: string) => env[of]?.trim() || undefined;
  return value(own) === undefined ? [all, value(all)] : [own, value(own)];
}
