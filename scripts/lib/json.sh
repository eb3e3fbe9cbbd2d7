# shellcheck shell=bash
# Just enough JSON to print one flat object without asking for a tool that may not be installed.
json_string() {
	local text=$1
	case ${text} in
	*[[:cntrl:]]*) die "a control character cannot be printed as JSON here: ${text@Q}" ;;
	esac
	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	printf '"%s"' "${text}"
}

# json_object KEY TYPE VALUE …: TYPE is `s` for a string or `r` for a value that is JSON already. Prints one line.
json_object() {
	local separator='{'
	while [ $# -ge 3 ]; do
		printf '%s%s:' "${separator}" "$(json_string "$1")"
		if [ "$2" = s ]; then json_string "$3"; else printf '%s' "$3"; fi
		separator=,
		shift 3
	done
	printf '}\n'
}
