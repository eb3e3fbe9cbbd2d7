# The few functions of nixpkgs's lib that nix/ uses, and a module system that merges what modules say: attribute sets by key, lists by
# joining; a default gives way to a plain value, and that to a forced one. Two defaults must not disagree either.
let
  isDefault = value: builtins.isAttrs value && value ? _default;
  isForced = value: builtins.isAttrs value && value ? _forced;
  merge =
    a: b:
    if isDefault a && isDefault b then
      (if a == b then a else throw "two defaults disagree")
    else if isDefault a || isForced b then
      b
    else if isDefault b || isForced a then
      a
    else if builtins.isList a && builtins.isList b then
      a ++ b
    else if builtins.isAttrs a && builtins.isAttrs b && !(a ? outPath) then
      a // builtins.mapAttrs (name: value: if a ? ${name} then merge a.${name} value else value) b
    else if a == b then
      a
    else
      throw "two modules disagree";
  settle =
    value:
    if isDefault value then
      settle value._default
    else if isForced value then
      settle value._forced
    else if builtins.isAttrs value && !(value ? outPath) then
      builtins.mapAttrs (_: settle) value
    else
      value;

  defaultsOf =
    options:
    builtins.mapAttrs (
      _: option: if option ? _option then { _default = option.default; } else defaultsOf option
    ) options;

  load =
    args: module:
    let
      given = if builtins.isPath module || builtins.isString module then import module else module;
      body = if builtins.isFunction given then given args else given;
    in
    builtins.concatMap (load args) (body.imports or [ ])
    ++ [
      (defaultsOf (body.options or { }))
      (body.config or (builtins.removeAttrs body [ "imports" "options" ]))
    ];
in
rec {
  mkDefault = value: { _default = value; };
  mkForce = value: { _forced = value; };
  mkOption = option: option // { _option = true; };
  types = {
    str = "string";
    anything = "anything";
    listOf = of: "list of ${of}";
    attrsOf = of: "attributes of ${of}";
    ints.positive = "positive integer";
  };
  escapeShellArg = text: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'";
  escapeShellArgs = words: builtins.concatStringsSep " " (map escapeShellArg words);
  concatStringsSep = builtins.concatStringsSep;
  makeBinPath = packages: builtins.concatStringsSep ":" (map (package: "${package}/bin") packages);
  genAttrs = names: make: builtins.listToAttrs (map (name: { inherit name; value = make name; }) names);
  removePrefix =
    prefix: text:
    let
      length = builtins.stringLength prefix;
    in
    if builtins.substring 0 length text == prefix then builtins.substring length (-1) text else text;
  hasSuffix =
    suffix: text:
    let
      start = builtins.stringLength text - builtins.stringLength suffix;
    in
    start >= 0 && builtins.substring start (-1) text == suffix;
  hasInfix = infix: text: builtins.length (builtins.split (escapeRegex infix) text) > 1;
  escapeRegex = builtins.replaceStrings [ "." ] [ "\\." ];
  filesystem.listFilesRecursive =
    directory:
    let
      entries = builtins.readDir directory;
      below =
        name:
        if entries.${name} == "directory" then
          filesystem.listFilesRecursive (directory + "/${name}")
        else
          [ (directory + "/${name}") ];
    in
    builtins.concatMap below (builtins.attrNames entries);
  # Where it would be, and which files it would hold.
  cleanSourceWith =
    { src, name, filter }:
    {
      outPath = "/nix/store/stub-${name}";
      files = map toString (
        builtins.filter (path: filter (toString path) "regular") (filesystem.listFilesRecursive src)
      );
    };

  evalModules =
    { modules, args }:
    let
      parts = builtins.concatMap (load (args // { inherit config; })) modules;
      config = settle (builtins.foldl' merge { } parts);
    in
    { inherit config; };
}
