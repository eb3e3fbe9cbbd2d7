/** `['targets', 't', 'jobs', 0]` as `targets.t.jobs[0]`; keys that are no identifiers as `["a b"]`. */
export function problemPath(segments: readonly PropertyKey[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(segment)))
      path += `${path === '' ? '' : '.'}${String(segment)}`;
    else path += `[${JSON.stringify(String(segment))}]`;
  }
  return path;
}
