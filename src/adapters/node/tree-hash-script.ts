/** What the thread runs that hashes trees: a file beside this one. The build puts the program's text in its place, so that a bundle needs no file. */
export function treeHashScript(): { readonly source: URL | string; readonly isText: boolean } {
  return { source: new URL('./tree-hash-worker.js', import.meta.url), isText: false };
}
