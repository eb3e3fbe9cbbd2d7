import type { PutFile } from './guest.js';

/** The words of `put` and `unpack` behind the place: how it is made, and whose it is. */
export function whereTo({
  owner,
  writable,
  atOnce,
}: Pick<PutFile, 'owner' | 'writable' | 'atOnce'>): readonly string[] {
  const words = [
    ...(atOnce === true ? ['--at-once'] : []),
    ...(writable === undefined ? [] : ['--writable', writable]),
  ];
  if (owner === undefined) return words;
  return owner === 'root' ? [...words, '--root'] : [...words, '--user', owner];
}

/** The call that writes one file. */
export function putWords({ path, mode, size, unlessThere, ...to }: PutFile): readonly string[] {
  const octal = mode.toString(8).padStart(4, '0');
  const isNew = unlessThere === true ? ['--new'] : [];
  return ['put', path, octal, '--size', String(size), ...isNew, ...whereTo(to)];
}
