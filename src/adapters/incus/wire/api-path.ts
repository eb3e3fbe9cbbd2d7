type Query = Readonly<Record<string, string | undefined>>;

/** `/1.0/…` from parts that are data: each is encoded, so that no name can reach into another path. Half of a surrogate pair names nothing. */
export function apiPath(parts: readonly string[], query: Query = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const path = ['/1.0', ...parts.map((part) => encodeURIComponent(Buffer.from(part).toString()))].join('/');
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}
