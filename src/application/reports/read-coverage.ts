import { err, ok, type Result } from 'neverthrow';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { decodeText } from './decode-text.js';
import { type Attributes, readXml, type XmlHandler } from './read-xml.js';

export interface Lines {
  readonly covered: number;
  readonly total: number;
  /** Why these are not all that the report was to have. */
  readonly problem?: string;
}

const LINES_AT_ONCE = 10_000;
const LONGEST_LINE = 100;

/**
 * How many lines a report says were run: Cobertura (https://cobertura.github.io/cobertura/), JaCoCo (https://www.jacoco.org/jacoco/trunk/coverage/report.dtd),
 * Clover's XML, or LCOV's text (geninfo(1)). See `decodeText` for encodings. The error says what is wrong.
 */
export async function readCoverage(bytes: Uint8Array): Promise<Result<Lines, string>> {
  const decoded = decodeText(bytes);
  if (decoded.isErr()) return err(decoded.error);
  const { start, pieces } = decoded.value;
  return start.trimStart().startsWith('<') ? readXmlCoverage(bytes) : readLcov(pieces);
}

async function readXmlCoverage(bytes: Uint8Array): Promise<Result<Lines, string>> {
  const reader = new CoverageReader();
  const read = await readXml(bytes, reader);
  if (read.isErr()) return err(read.error);
  const { lines } = reader;
  if (lines === null) return err('it says nothing of lines, as Cobertura, JaCoCo and Clover do');
  return checked(lines).map((all) => (read.value === null ? all : { ...all, problem: read.value }));
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

async function readLcov(pieces: Iterable<string>): Promise<Result<Lines, string>> {
  const reader = new LcovReader();
  let number = 0;
  let rest = '';
  for (const piece of pieces) {
    const lines = `${rest}${piece}`.split('\n');
    // Of a line without end only its beginning is looked at.
    rest = lines.pop()?.slice(0, LONGEST_LINE) ?? '';
    for (const line of lines) {
      reader.line(line.slice(0, LONGEST_LINE).trimEnd());
      if (++number % LINES_AT_ONCE === 0) await anotherTurn();
    }
  }
  reader.line(rest.trimEnd());
  return reader.lines();
}

/** Of each record its sums where it has them (`LF`, `LH`), else its lines (`DA`). */
class LcovReader {
  #covered = 0;
  #total = 0;
  #records = 0;
  #record = newRecord();

  line(line: string): void {
    const record = this.#record;
    if (line === 'end_of_record') {
      this.#records++;
      this.#total += record.found ?? record.lines;
      this.#covered += record.found === null ? record.linesHit : (record.hit ?? record.linesHit);
      this.#record = newRecord();
    } else if (line.startsWith('SF:')) record.isOpen = true;
    else if (line.startsWith('LF:')) record.found = wholeIn(line.slice(3));
    else if (line.startsWith('LH:')) record.hit = wholeIn(line.slice(3));
    else if (line.startsWith('DA:')) {
      record.lines++;
      if ((wholeIn(line.split(',')[1]) ?? 0) > 0) record.linesHit++;
    }
  }

  lines(): Result<Lines, string> {
    const isCut = this.#record.isOpen || this.#record.lines > 0;
    if (this.#records === 0)
      return err(
        isCut
          ? 'it is LCOV that was cut before its first end_of_record'
          : 'it is none of Cobertura, JaCoCo, Clover and LCOV',
      );
    const all = checked({ covered: this.#covered, total: this.#total });
    if (!isCut) return all;
    const problem = `it was cut: its last record has no end_of_record, and the ${this.#records} before it count`;
    return all.map((lines) => ({ ...lines, problem }));
  }
}

const newRecord = () => ({
  isOpen: false,
  found: null as number | null,
  hit: null as number | null,
  lines: 0,
  linesHit: 0,
});

function checked({ covered, total }: Lines): Result<Lines, string> {
  return covered > total || !Number.isSafeInteger(total)
    ? err(`it says that ${covered} of ${total} lines were run`)
    : ok({ covered, total });
}

function wholeIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
