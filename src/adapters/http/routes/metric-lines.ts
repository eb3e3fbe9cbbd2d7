/** One value of a metric. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a metric had been at several times is kept by whoever reads it: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4). */
export function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.filter(({ value }) => Number.isFinite(value)).map((sample) => lineOf(name, sample));
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join('')}`;
}

export function lineOf(name: string, { labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
