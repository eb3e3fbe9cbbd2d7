import { assembleScripts } from '../../scripts/assemble-scripts.mjs';

/** Before the first test of a project: the scripts that the library sends are those of their parts. */
export default function setup(): void {
  assembleScripts();
}
