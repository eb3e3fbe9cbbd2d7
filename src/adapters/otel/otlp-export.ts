import { DiagLogLevel, diag, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import type { OtlpSettings } from './otlp-settings.js';
import { troubleOf } from './trouble-of.js';

/** Spans that wait to be sent; what comes when so many wait is dropped, and told. */
const MOST_WAITING = 20_000;

/** Sends the spans of this process by OTLP. */
export class OtlpExport {
  readonly #provider: TracerProvider;
  readonly #troubles = new Set<string>();

  /** Registers itself as the provider of the process. Where to, the headers, the certificate and the timeout come from its environment. */
  constructor({ protocol }: OtlpSettings, version: string) {
    diag.setLogger(
      {
        error: (...said) => this.#troubles.add(troubleOf(...said)),
        warn: (...said) => this.#troubles.add(troubleOf(...said)),
        info: () => {},
        debug: () => {},
        verbose: () => {},
      },
      DiagLogLevel.WARN,
    );
    const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
    this.#provider = new TracerProvider({
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': 'pikaci', 'service.version': version }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [
        new BatchSpanProcessor({ exporter: this.#heard(exporter), maxQueueSize: MOST_WAITING }),
      ],
    });
    trace.setGlobalTracerProvider(this.#provider);
  }

  /** Sends what is left. Resolves when that has been tried; the bound is the caller's. Never rejects. */
  async close(): Promise<void> {
    try {
      await this.#provider.shutdown();
    } catch (error) {
      this.#troubles.add(textOf(error));
    }
  }

  /** What could not be sent, and why; null when all was. */
  get trouble(): string | null {
    return this.#troubles.size === 0 ? null : [...this.#troubles].slice(0, 3).join('; ');
  }

  #heard(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          if (result.code !== 0) this.#troubles.add(textOf(result.error));
          done(result);
        }),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
      shutdown: () => exporter.shutdown(),
    };
  }
}

function textOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(textOf))].join(', ');
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
