/** What `pikaci template … --help` says beyond the list of options. */

export const TEMPLATE_HELP = `
A template is a machine that is set up once; jobs that say "template" are copies of it. Runs make those that they need:
these commands make them beforehand, show what the host has, and remove it.

Examples:
  pikaci template build                       all templates of the configuration that are not there
  pikaci template list
  pikaci template shell node --as-root
  pikaci template rm node
  pikaci template export node node.tar.gz
  pikaci template export node - | ssh other pikaci template import -
`;

export const TEMPLATE_BUILD_HELP = `
Makes what is missing, with that which it is made from, and says what was there already. What the setups say goes to
standard error, led by the template's name. One that another runner makes at the moment is waited for.

Exit status: 0 when all are there, 2 bad usage or configuration, 3 when one could not be made, 130 when it was interrupted.
`;

export const TEMPLATE_RM_HELP = `
By the name, where the host has one template of it, or by the beginning of the key, at least 8 digits of it. One that a
run uses, or that was used in the last 30 minutes, stays: --force removes it all the same. Jobs that were copied from it
go on.

Exit status: 0 when all are removed, 2 when one is not there or in use, 3 on a system failure.
`;

export const TEMPLATE_SHELL_HELP = `
The terminal is in a copy, which is removed at its end: nothing in it changes the template. Of several of one name it is
the one that was used last.
`;

export const TEMPLATE_EXPORT_HELP = `
The file is an image of Incus with the template's key in it. It appears under its name when all of it is on the disk. Of
several templates of one name the key has to be said. Ctrl-C is heard as soon as the daemon has made the image.

Exit status: 0 when it is written, 2 when the template is not there, 3 on a system failure, 130 when it was interrupted.
`;

export const TEMPLATE_IMPORT_HELP = `
A run that asks for a template of the same key finds it on this host from then on. What is in it is what its maker put
there: import only what you would let run beside your jobs. A run that is not trusted imports none.

Exit status: 0 when it is there, 2 when the file is no template or one that this host cannot run, 3 on a system failure,
130 when it was interrupted.
`;
