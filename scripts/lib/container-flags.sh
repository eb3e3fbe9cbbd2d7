# shellcheck shell=bash
# What the engine has to grant the host's container, once, for the command line and for the engine's API (`scripts/host flags`).
# Privileged mode would be more, and fails where this machine lacks a capability itself.

# The kernel's names by bit, as in <linux/capability.h>.
capability_names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
	NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT
	SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
	WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)

missing_capabilities() {
	local bounding bit
	bounding=$((16#$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)))
	for bit in "${!capability_names[@]}"; do
		[ $((bounding >> bit & 1)) -eq 1 ] || printf '%s\n' "${capability_names[bit]}"
	done
}

# flag_table: one `Key value` a line, under the names of the API's HostConfig.
flag_table() {
	printf '%s\n' 'CapAdd ALL' \
		'SecurityOpt seccomp=unconfined' 'SecurityOpt apparmor=unconfined' 'SecurityOpt systempaths=unconfined' \
		'DeviceCgroupRules a *:* rwm' 'CgroupnsMode host' 'Binds /sys/fs/cgroup:/sys/fs/cgroup:rw'
	missing_capabilities | sed 's/^/CapDrop /'
}

# Fills the array run_flags for `docker run`.
read_run_flags() {
	local key value
	declare -A option=([CapAdd]=--cap-add [CapDrop]=--cap-drop [SecurityOpt]=--security-opt
		[DeviceCgroupRules]=--device-cgroup-rule [CgroupnsMode]=--cgroupns [Binds]=--volume)
	run_flags=()
	while read -r key value; do run_flags+=("${option[${key}]}" "${value}"); done < <(flag_table)
}

# The same as JSON. `systempaths=unconfined` is the command line's own word: the API says it with two empty lists.
print_flags() {
	flag_table | awk '
		$1 == "SecurityOpt" && $2 ~ /^systempaths/ { next }
		{ key = $1; sub(/^[^ ]+ /, ""); list[key] = list[key] (list[key] ? "," : "") "\"" $0 "\"" }
		END {
			printf "{\"CapAdd\":[%s],\"CapDrop\":[%s],\"SecurityOpt\":[%s],", list["CapAdd"], list["CapDrop"], list["SecurityOpt"]
			printf "\"DeviceCgroupRules\":[%s],\"CgroupnsMode\":%s,", list["DeviceCgroupRules"], list["CgroupnsMode"]
			printf "\"Binds\":[%s],\"MaskedPaths\":[],\"ReadonlyPaths\":[]}\n", list["Binds"]
		}'
}
