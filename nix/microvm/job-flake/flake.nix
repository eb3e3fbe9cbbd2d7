# The runner of one job shape, which is data: shape.json beside this file. Where pikaci comes from is written here, or said when it is
# built: nix build --override-input pikaci path:/where/it/is
{
  inputs.pikaci.url = "flake:pikaci";

  outputs =
    { pikaci, ... }:
    let
      shape = builtins.fromJSON (builtins.readFile ./shape.json);
    in
    {
      packages.${shape.system}.default = pikaci.lib.microvmRunner shape;
    };
}
