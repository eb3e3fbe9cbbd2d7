/** Before a brace, where it would be this language's own. */
const D = '$';

export type CompletedShell = 'bash' | 'zsh' | 'fish';

/** What a shell evaluates to complete the words of `pikaci`: it asks the program, which knows its commands and what is recorded. */
export function completionScript(shell: CompletedShell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}

/** Where a word ends is bash's own matter (COMP_WORDBREAKS), so it gives the line and gets the rest of a word. */
const BASH = String.raw`# eval "$(pikaci completion bash)"
_pikaci() {
  local kind value about added='' open=no current=$2
  COMPREPLY=()
  while IFS=$'\t' read -r kind value about; do
    case $kind in
      '=') COMPREPLY+=("$(printf %q "$value")") ;;
      '@') if [ "$value" = open ]; then open=yes; else added=$value; fi ;;
    esac
  done < <("${D}{1/#\~\//$HOME/}" complete --line="${D}{COMP_LINE:0:COMP_POINT}" --breaks="$COMP_WORDBREAKS" 2>/dev/null </dev/null)
  case $added in
    revisions)
      mapfile -t -O "${D}{#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(git for-each-ref --format='%(refname:short)' 2>/dev/null)" -- "$current") ;;
    commands)
      mapfile -t -O "${D}{#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$current") ;;
    files | directories)
      # Readline quotes what it finds itself.
      if [ "${D}{#COMPREPLY[@]}" -gt 0 ]; then
        while IFS= read -r value; do COMPREPLY+=("$(printf %q "$value")"); done < <(compgen -f -- "$current")
      elif [ "$added" = files ]; then compopt -o default
      else compopt -o dirnames; fi ;;
  esac
  if [ "$open" = yes ] && [ "${D}{#COMPREPLY[@]}" -gt 0 ]; then compopt -o nospace; fi
}
complete -o nosort -F _pikaci pikaci
`;

const ZSH = String.raw`#compdef pikaci
# eval "$(pikaci completion zsh)"
_pikaci() {
  local line kind value about added='' found=1
  local -a described behind names
  while IFS= read -r line; do
    kind=${D}{line%%$'\t'*}
    line=${D}{line#*$'\t'}
    value=${D}{line%%$'\t'*}
    about=${D}{line#*$'\t'}
    case $kind in
      '=')
        value=${D}{value//\\/\\\\}
        described+=("${D}{value//:/\\:}${D}{about:+:$about}") ;;
      '@') if [[ $value == open ]]; then behind=(-S ''); else added=$value; fi ;;
    esac
  done < <("${D}{(@Q)words[1]}" complete -- "${D}{(@Q)words[2,CURRENT-1]}" "${D}{(Q)PREFIX}" 2>/dev/null </dev/null)
  if (( $#described )); then _describe -V word described "${D}{behind[@]}" && found=0; fi
  if [[ -n $added ]]; then
    compset -P '--[^=]##=' || compset -P '--[^=]#='
    case $added in
      files) _files && found=0 ;;
      directories) _files -/ && found=0 ;;
      revisions)
        names=("${D}{(@f)$(git for-each-ref --format='%(refname:short)' 2>/dev/null)}")
        compadd -a names && found=0 ;;
      commands) _command_names -e && found=0 ;;
    esac
  fi
  return found
}
if [[ ${D}{funcstack[1]} == _pikaci ]]; then _pikaci "$@"; else compdef _pikaci pikaci; fi
`;

const FISH = String.raw`# pikaci completion fish | source
function __pikaci_complete
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l option (string match -r -- '^--[^=]+=' $token)
    # An empty list would take away what stands beside it.
    set -q option[1]; or set option ''
    set -l begun (string replace -r -- '^--[^=]+=' '' $token)
    for line in ($program complete -- $words $token 2>/dev/null </dev/null)
        set -l part (string split -m 2 -- \t $line)
        switch $part[1]
            case '='
                printf '%s\t%s\n' $part[2] "$part[3]"
            case '@'
                switch $part[2]
                    case files
                        printf '%s\n' $option(__fish_complete_path "$begun")
                    case directories
                        printf '%s\n' $option(__fish_complete_directories "$begun")
                    case revisions
                        printf '%s\n' $option(git for-each-ref --format='%(refname:short)' 2>/dev/null)
                    case commands
                        __fish_complete_command
                end
        end
    end
end
complete -c pikaci -f -k -a '(__pikaci_complete)'
`;
