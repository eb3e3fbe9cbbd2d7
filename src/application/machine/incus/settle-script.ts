/**
 * Gives the interface with the hardware address `$1` the address `$2`, and adds the other arguments to /etc/hosts as lines. Run by root in a
 * guest; repeatable. An /etc/hosts that is a link, as NixOS has it, becomes a file with the same content.
 */
export const SETTLE = [
  'set -e',
  'mac=$1 address=$2 interface=',
  'shift 2',
  'for at in /sys/class/net/*; do',
  '  if read -r found <"$at/address" && [ "$found" = "$mac" ]; then interface=${at##*/}; fi',
  'done 2>/dev/null',
  '[ -n "$interface" ] || { echo "the interface $mac has not come" >&2; exit 75; }',
  'if command -v ip >/dev/null; then',
  '  ip addr flush dev "$interface"',
  '  ip addr add "$address/24" dev "$interface"',
  '  ip link set dev "$interface" up',
  'elif command -v ifconfig >/dev/null; then ifconfig "$interface" "$address" netmask 255.255.255.0 up',
  'else echo "the image has neither ip nor ifconfig: install iproute2, net-tools or busybox in it" >&2; exit 1; fi',
  'hosts=$(grep -v "# pikaci service$" /etc/hosts 2>/dev/null || :)',
  '[ ! -L /etc/hosts ] || rm -f /etc/hosts',
  '{ printf "%s\\n" "$hosts"; for line in "$@"; do printf "%s # pikaci service\\n" "$line"; done; } >/etc/hosts',
].join('\n');
