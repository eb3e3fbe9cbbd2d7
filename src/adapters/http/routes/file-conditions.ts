/** RFC 9110: what a request asks of a file that the client may have already. */

/** A file changes within the second that a date can tell: what has just been written gets none. */
const SETTLED_MS = 2000;

/** What tells one state of a file from another. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** ms since the epoch; undefined where it is not known. */
  readonly modifiedMs: number | undefined;
}

/** Headers by which a client recognizes what it has. */
export function validatorsOf(
  { size, modifiedMs }: FileState,
  nowMs: number,
): Readonly<Record<string, string>> {
  const always = { 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' };
  if (modifiedMs === undefined) return always;
  const etag = `"${size.toString(36)}-${Math.round(modifiedMs * 1000).toString(36)}"`;
  if (nowMs - modifiedMs < SETTLED_MS) return { ...always, etag };
  return { ...always, etag, 'last-modified': new Date(modifiedMs).toUTCString() };
}

/** Whether the client has the file as it is (section 13.2.2): tags count before dates. */
export function isNotModified(request: Headers, validators: Readonly<Record<string, string>>): boolean {
  const { etag, 'last-modified': modified } = validators;
  const tags = request.get('if-none-match');
  if (tags !== null) {
    if (tags.trim() === '*') return true;
    return etag !== undefined && tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  }
  const since = Date.parse(request.get('if-modified-since') ?? '');
  return modified !== undefined && Date.parse(modified) <= since;
}

/** The part that is asked for, from `first` to `last`, both counted; `from the end` when only how many bytes is said. */
export type AskedRange =
  | { readonly kind: 'from'; readonly first: number; readonly last: number }
  | { readonly kind: 'last'; readonly bytes: number };

/** Null for none, for one of another form and for several at once, which may all be answered with the whole (section 14.2). */
export function askedRange(request: Headers): AskedRange | null {
  const [, first = '', last = ''] =
    /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(request.get('range') ?? '') ?? [];
  if (first === '') return last === '' ? null : { kind: 'last', bytes: Number(last) };
  if (last === '') return { kind: 'from', first: Number(first), last: Number.POSITIVE_INFINITY };
  return Number(last) < Number(first) ? null : { kind: 'from', first: Number(first), last: Number(last) };
}

/** Whether a range may be given of the file as it is now (`If-Range`, section 13.1.5). */
export function rangeHolds(request: Headers, validators: Readonly<Record<string, string>>): boolean {
  const condition = request.get('if-range');
  if (condition === null) return true;
  return condition === validators['etag'] || condition === validators['last-modified'];
}

/** First byte and number of bytes; null when the file has none of it. */
export function rangeWithin(
  range: AskedRange,
  size: number,
): { readonly first: number; readonly length: number } | null {
  if (range.kind === 'last') {
    const length = Math.min(range.bytes, size);
    return length === 0 ? null : { first: size - length, length };
  }
  if (range.first >= size) return null;
  return { first: range.first, length: Math.min(range.last, size - 1) - range.first + 1 };
}
