import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { err, ok, type Result } from 'neverthrow';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { NO_PROTO, PROTO } from '../../../domain/values/proto-key.js';
import { problemPath } from './problem-path.js';

interface Place {
  readonly line: number;
  readonly column: number;
}

/** A configuration as it was written, before the schema has seen it. */
export interface RawConfig {
  readonly value: unknown;
  /** Where a value stands in the file, or its nearest parent; null where the text is not known. */
  place(segments: readonly PropertyKey[]): Place | null;
}

const MESSAGES: Record<string, string> = {
  InvalidSymbol: 'not a JSON value (strings and keys need double quotes)',
  PropertyNameExpected: 'a key in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: '":" is expected here',
  CommaExpected: '"," is expected here',
  CloseBraceExpected: '"}" is expected here',
  CloseBracketExpected: '"]" is expected here',
  EndOfFileExpected: 'nothing more is expected after the configuration',
  UnexpectedEndOfString: 'the string does not end',
  UnexpectedEndOfComment: 'the comment does not end',
  InvalidCharacter: 'a control character in a string has to be escaped',
};

/** Reads JSON with comments and trailing commas. */
export function parseJsonConfig(text: string): Result<RawConfig, ConfigProblem[]> {
  const source = text.replace(/^\uFEFF/, '');
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true, disallowComments: false });
  if (errors.length > 0 || root === undefined) {
    const found = errors.length > 0 ? errors : [{ error: 4 as const, offset: 0, length: 0 }];
    return err(
      found.slice(0, 5).map(({ error, offset }) => {
        const code = printParseErrorCode(error);
        return { path: '', message: MESSAGES[code] ?? code, ...placeAt(source, offset) };
      }),
    );
  }
  const unusable = [...unusableKeys(root, [], source), ...alteredNumbers(root, [], source)];
  if (unusable.length > 0) return err(unusable);
  return ok({
    value: getNodeValue(root),
    place: (segments) => {
      const node = nearest(root, segments);
      return placeAt(source, node.offset);
    },
  });
}

/** JSON parsers keep the last of two equal keys without a word, and take one name for something else; here the writer hears of it. */
function unusableKeys(node: Node, path: readonly PropertyKey[], source: string): ConfigProblem[] {
  const seen = new Set<string>();
  return (node.children ?? []).flatMap((child, index) => {
    if (child.type !== 'property') return unusableKeys(child, [...path, index], source);
    const [key, value] = child.children ?? [];
    if (key === undefined) return [];
    const name = String(key.value);
    const here = [...path, name];
    const message = name === PROTO ? NO_PROTO : seen.has(name) ? 'stands here twice' : null;
    const problems: ConfigProblem[] =
      message === null ? [] : [{ path: problemPath(here), message, ...placeAt(source, key.offset) }];
    seen.add(name);
    return value === undefined ? problems : [...problems, ...unusableKeys(value, here, source)];
  });
}

/** Numbers of a matrix that a program reads as something else than what is written: `3.10` is `3.1`. */
function alteredNumbers(node: Node, path: readonly PropertyKey[], source: string): ConfigProblem[] {
  if (node.type === 'number' && path.includes('matrix')) {
    const written = source.slice(node.offset, node.offset + node.length);
    if (String(node.value) === written) return [];
    const message = `would be read as ${String(node.value)}; write "${written}", in quotes`;
    return [{ path: problemPath(path), message, ...placeAt(source, node.offset) }];
  }
  return (node.children ?? []).flatMap((child, index) => {
    if (child.type !== 'property') return alteredNumbers(child, [...path, index], source);
    const [key, value] = child.children ?? [];
    return value === undefined ? [] : alteredNumbers(value, [...path, String(key?.value)], source);
  });
}

/** The value at a path; for a path that leads nowhere, the deepest parent that is there. */
function nearest(root: Node, segments: readonly PropertyKey[]): Node {
  for (let length = segments.length; length > 0; length -= 1) {
    const path = segments.slice(0, length).map((s) => (typeof s === 'number' ? s : String(s)));
    const node = findNodeAtLocation(root, path);
    if (node !== undefined) return node;
  }
  return root;
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
