/** What `pikaci cache … --help` says beyond the list of options. */

export const CACHE_HELP = `
A cache is a directory of a machine that is kept for later jobs under a key. A cache of a key is written once: to begin
anew, change the key, or remove the cache.

Examples:
  pikaci cache list
  pikaci cache list --output jsonl | jq -r 'select(.in_use | not) | .id'
  pikaci cache rm npm-8c1f0e2a
`;

export const CACHE_LIST_HELP = `
The one that was used last is at the front. With --output jsonl each is one line, with json all are one document.
`;

export const CACHE_RM_HELP = `
By the key, where the host has one cache of it, or by the beginning of the id, at least 8 digits of it. One that a job
has, or that was found or saved in the last 30 minutes, stays: --force removes it all the same. Jobs that have a copy of
it go on.

Exit status: 0 when all are removed, 2 when one is not there or in use, 3 on a system failure.
`;
