import { INHERITED_FILES, INHERITED_MARK } from '../../domain/machine/registry-files.js';

/**
 * Shell text that takes out of a machine what is its own, and would be the same in all copies of it: the files that it inherited of its host (a
 * copy has its own, or none), the machine id, the keys of an SSH server, the seed of the random numbers. systemd makes the machine id
 * anew at the next start, as its file is empty; keys are made by `ssh-keygen -A`.
 */
export const CLEAN_COPY = [
  'for id in /etc/machine-id /var/lib/dbus/machine-id; do',
  '  if [ -f "$id" ] && [ ! -L "$id" ]; then : >"$id"; fi',
  'done',
  ...Object.values(INHERITED_FILES).map(
    (path) => `if head -n 1 ${path} 2>/dev/null | grep -q '${INHERITED_MARK}'; then rm -f ${path}; fi`,
  ),
  'rm -f -- /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub /var/lib/systemd/random-seed',
].join('\n');
