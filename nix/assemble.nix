# The text of a script that is made of parts, as scripts/assemble-scripts.mjs puts it together.
directory:
let
  part = "# shellcheck shell=sh\n";
  from = builtins.stringLength part;
  textOf =
    name:
    let
      text = builtins.readFile (directory + "/${name}");
      isAwk = builtins.match ".*[.]awk" name != null;
      variable = builtins.replaceStrings [ "-" ".awk" ] [ "_" "" ] (builtins.substring 3 (-1) name);
    in
    if isAwk then
      "${variable}_awk='\n${text}'\n"
    else if builtins.substring 0 from text == part then
      builtins.substring from (-1) text
    else
      text;
in
builtins.concatStringsSep "\n" (map textOf (builtins.attrNames (builtins.readDir directory)))
