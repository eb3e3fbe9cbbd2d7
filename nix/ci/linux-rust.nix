# The staged outputs of a Rust workspace, for jobs that run tests without compiling them:
#   workspaceDeps   vendored sources and compiled dependencies; changes when a manifest or the lock file does
#   workspaceBuild  the workspace's test programs, with the libraries they need
# Each is a prepared output: it says in share/pikaci/payload-manifest.json where a guest mounts it, and pikaci makes the mount a
# device of the machine that belongs to runs/<run>/jobs/<job>. Nothing here depends on a run or a job: all of them share it.
{
  pkgs,
  lib ? pkgs.lib,
  # The workspace, a path with Cargo.toml and Cargo.lock.
  src,
  name ? "workspace",
  cargoVendorDir ? pkgs.rustPlatform.importCargoLock { lockFile = src + "/Cargo.lock"; },
  # For both stages, so that the second finds what the first compiled.
  cargoFlags ? [ "--workspace" ],
  nativeBuildInputs ? [ ],
  buildInputs ? [ ],
}:
let
  scripts = ./linux-rust;
  relative = path: lib.removePrefix "${toString src}/" (toString path);
  isManifest =
    path:
    builtins.elem (baseNameOf path) [ "Cargo.toml" "Cargo.lock" "rust-toolchain" "rust-toolchain.toml" ]
    || lib.hasInfix "/.cargo/" (toString path);

  # Manifests with their content, sources by their names only: a change in a function does not rebuild the dependencies.
  manifests = lib.cleanSourceWith {
    inherit src;
    name = "${name}-manifests";
    filter = path: type: type == "directory" || isManifest path;
  };
  sourceNames = map relative (
    builtins.filter (path: lib.hasSuffix ".rs" (toString path)) (lib.filesystem.listFilesRecursive src)
  );

  # `buildCommand` takes the place of all phases: stripping and shrinking would undo what the scripts do.
  stage =
    attributes:
    pkgs.stdenv.mkDerivation (
      {
        inherit buildInputs;
        nativeBuildInputs = [ pkgs.cargo pkgs.rustc pkgs.patchelf ] ++ nativeBuildInputs;
      }
      // attributes
    );
  flags = lib.escapeShellArgs cargoFlags;

  workspaceDeps = stage {
    name = "${name}-deps";
    sourceNames = lib.concatStringsSep "\n" sourceNames;
    passAsFile = [ "sourceNames" ];
    buildCommand = ''
      sh ${scripts}/make-skeleton ${manifests} "$sourceNamesPath" skeleton
      sh ${scripts}/stage-deps skeleton ${cargoVendorDir} "$out" ${flags}
    '';
  };

  workspaceBuild = stage {
    name = "${name}-build";
    buildCommand = ''
      sh ${scripts}/stage-build ${src} ${workspaceDeps} "$out" ${flags}
    '';
  };
in
{
  inherit workspaceDeps workspaceBuild;
  # What the dependencies are rebuilt for.
  inherit manifests;
}
