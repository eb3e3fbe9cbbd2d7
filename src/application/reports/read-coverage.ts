import { err, ok, type Result } from 'neverthrow';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { type Attributes, readXml, type XmlHandler } from './read-xml.js';

export interface Lines {
  readonly covered: number;
  readonly total: number;
}

const LINES_AT_ONCE = 10_000;

/**
 * How many lines a report says were run: Cobertura (https://cobertura.github.io/cobertura/), JaCoCo (https://www.jacoco.org/jacoco/trunk/coverage/report.dtd),
 * Clover's XML, or LCOV's text (geninfo(1)). The error says what is wrong.
 */
export async function readCoverage(bytes: Uint8Array): Promise<Result<Lines, string>> {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('utf8');
  return start.replace(/^\ufeff?\s*/, '').startsWith('<') ? readXmlCoverage(bytes) : readLcov(bytes);
}

async function readXmlCoverage(bytes: Uint8Array): Promise<Result<Lines, string>> {
  const reader = new CoverageReader();
  const read = await readXml(bytes, reader);
  if (read.isErr()) return err(read.error);
  const { lines } = reader;
  return lines === null
    ? err('it says nothing of lines, as Cobertura, JaCoCo and Clover do')
    : checked(lines);
}

class CoverageReader implements XmlHandler {
  #told: Lines | null = null;
  /** Of a Cobertura report that has no sums. */
  #counted = { covered: 0, total: 0 };

  get lines(): Lines | null {
    return this.#told ?? (this.#counted.total > 0 ? this.#counted : null);
  }

  opened(name: string, attributes: Attributes, open: readonly string[]): string | null {
    const [root, second] = open;
    if (open.length === 1) {
      if (name !== 'coverage' && name !== 'report')
        return `it begins with <${name.slice(0, 40)}>, not with <coverage> or <report>`;
      this.#tell(attributes['lines-covered'], attributes['lines-valid']);
    } else if (
      root === 'report' &&
      open.length === 2 &&
      name === 'counter' &&
      attributes['type'] === 'LINE'
    ) {
      const [missed, covered] = [wholeIn(attributes['missed']), wholeIn(attributes['covered'])];
      if (missed !== null && covered !== null) this.#told = { covered, total: covered + missed };
    } else if (root === 'coverage' && second === 'project' && open.length === 3 && name === 'metrics') {
      this.#tell(attributes['coveredstatements'], attributes['statements']);
    } else if (root === 'coverage' && name === 'line' && open.at(-2) === 'lines' && open.at(-3) === 'class') {
      this.#counted.total++;
      if ((wholeIn(attributes['hits']) ?? 0) > 0) this.#counted.covered++;
    }
    return null;
  }

  #tell(covered: string | undefined, total: string | undefined): void {
    const found = { covered: wholeIn(covered), total: wholeIn(total) };
    if (found.covered !== null && found.total !== null)
      this.#told = { covered: found.covered, total: found.total };
  }
}

/** Sums where the records have them (`LF`, `LH`), else each line's (`DA`). */
async function readLcov(bytes: Uint8Array): Promise<Result<Lines, string>> {
  const sums = { covered: 0, total: 0 };
  const counted = { covered: 0, total: 0 };
  let isLcov = false;
  const text = new TextDecoder('utf-8').decode(bytes);
  let number = 0;
  for (let at = 0; at < text.length; ) {
    if (++number % LINES_AT_ONCE === 0) await anotherTurn();
    const found = text.indexOf('\n', at);
    const end = found === -1 ? text.length : found;
    const line = text.slice(at, Math.min(end, at + 100)).trimEnd();
    at = end + 1;
    if (line === 'end_of_record') isLcov = true;
    else if (line.startsWith('LF:')) sums.total += wholeIn(line.slice(3)) ?? 0;
    else if (line.startsWith('LH:')) sums.covered += wholeIn(line.slice(3)) ?? 0;
    else if (line.startsWith('DA:')) {
      counted.total++;
      if ((wholeIn(line.split(',')[1]) ?? 0) > 0) counted.covered++;
    }
  }
  if (!isLcov) return err('it is none of Cobertura, JaCoCo, Clover and LCOV');
  return checked(sums.total > 0 ? sums : counted);
}

function checked({ covered, total }: Lines): Result<Lines, string> {
  return covered > total || !Number.isSafeInteger(total)
    ? err(`it says that ${covered} of ${total} lines were run`)
    : ok({ covered, total });
}

function wholeIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
