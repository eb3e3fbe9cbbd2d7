/** What `pikaci template … --help` says beyond the list of options. */

export const TEMPLATE_HELP = `
A template is a machine that is set up once; jobs that say "template" are copies of it. Runs make those that they need:
these commands make them beforehand, show what the host has, and remove it.

Examples:
  pikaci template build                       all templates of the configuration that are not there
  pikaci template list
  pikaci template shell node --as-root
  pikaci template rm node
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
