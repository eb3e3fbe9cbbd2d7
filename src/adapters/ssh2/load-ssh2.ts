/** The library behind every connection. It is loaded with the first one: local hosts, and whoever only reads records, need none of it. */
export async function loadSsh2() {
  return (await import('ssh2')).default;
}

export type Ssh2 = Awaited<ReturnType<typeof loadSsh2>>;
