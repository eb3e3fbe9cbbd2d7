/** Fills an output with one file and a manifest that mounts it at `/opt/<name>`. */
export const fill = (name: string, output: string, content: string) => `mkdir -p "${output}/share/pikaci"
${content} >"${output}/data"
printf '%s' '{"schema_version":1,"kind":"test","mounts":[{"name":"${name}","relative_path":".","guest_path":"/opt/${name}","read_only":true}]}' >"${output}/share/pikaci/payload-manifest.json"`;

/** Builds an output without nixpkgs. `said` makes it a derivation that no other test has built. Nix's text escapes `''` and `${`; the shell's variables here have neither. */
export const flakeThatSays = (said: string) => `{
  outputs = { self }: {
    packages.x86_64-linux.tool = derivation {
      name = "tool"; system = "x86_64-linux"; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
      args = [ "-c" ''
        ${fill('built', '$out', `echo ${said}`).replaceAll('\n', '\n        ')}
      '' ];
    };
  };
}
`;

/** For a host without a network and without build users. */
export const OFFLINE = [
  '--offline',
  ...['--option', 'build-users-group', ''],
  ...['--option', 'sandbox', 'false'],
  ...['--option', 'substituters', ''],
];
