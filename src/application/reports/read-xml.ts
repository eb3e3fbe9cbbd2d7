import { err, ok, type Result } from 'neverthrow';
import sax from 'sax';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { decodeText } from './decode-text.js';

/** The five entities of XML itself. */
const PARSER = { strictEntities: true, position: true };
/** Elements within each other; those of reports are five deep, and suites may stand in suites. */
const DEEPEST = 64;
/** Characters of an attribute; messages stand in one. A longer one is an error. */
Object.assign(sax, { MAX_BUFFER_LENGTH: 1024 * 1024 });

export type Attributes = Readonly<Record<string, string | undefined>>;

/** What is told of a document, in its order. `open` has the names of the elements that are open, the outermost first. What is returned is what is wrong. */
export interface XmlHandler {
  /** `open` ends with this one. */
  opened(name: string, attributes: Attributes, open: readonly string[]): string | null;
  text?(text: string): void;
  /** `open` has it no more. */
  closed?(name: string, open: readonly string[]): string | null;
}

/**
 * Reads a document from somebody who is not to be believed. Entities other than XML's own five are an error, and a document type is passed over:
 * nothing is expanded and nothing is fetched. The error says what is wrong and where; what was told before it stands.
 * The value is what was wrong with its bytes, or null: see `decodeText`.
 */
export async function readXml(
  bytes: Uint8Array,
  handler: XmlHandler,
): Promise<Result<string | null, string>> {
  const decoded = decodeText(bytes);
  if (decoded.isErr()) return err(decoded.error);
  const { start, pieces, problem: problemOfBytes } = decoded.value;
  const first = start.trimStart();
  if (first !== '' && !first.startsWith('<'))
    return err(`it is not XML: it begins with ${JSON.stringify(first.slice(0, 20))}`);
  const parser = sax.parser(true, PARSER);
  const open: string[] = [];
  let problem = null as string | null;
  const fail = (what: string | null | undefined) => {
    if (what !== null && what !== undefined) problem ??= `${what} (line ${parser.line + 1})`;
  };
  parser.onopentag = ({ name, attributes }) => {
    if (problem !== null) return;
    open.push(name);
    if (open.length > DEEPEST) fail(`elements are more than ${DEEPEST} deep`);
    else fail(handler.opened(name, attributes as Attributes, open));
  };
  parser.onclosetag = (name) => {
    if (problem !== null) return;
    open.pop();
    fail(handler.closed?.(name, open));
  };
  parser.ontext = (text) => handler.text?.(text);
  parser.oncdata = (text) => handler.text?.(text);
  parser.onerror = ({ message }) => {
    // A reference to a character that XML does not have, as a colour of a terminal: it stands there as it was written. The parser goes on.
    const { entity = '' } = parser as { readonly entity?: string };
    if (message.startsWith('Invalid character entity') && entity.startsWith('#'))
      parser.error = null as unknown as Error;
    else fail(message.split('\n')[0]);
  };
  for (const piece of pieces) {
    parser.write(piece);
    if (problem !== null) return err(problem);
    await anotherTurn();
  }
  parser.close();
  return problem === null ? ok(problemOfBytes()) : err(problem);
}
