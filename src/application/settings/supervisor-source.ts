/** Where the supervisor's text comes from: sent along with `run`, or a file that the image carries. */
export type SupervisorSource = { readonly text: string } | { readonly path: string };
