/** In which variable a command node finds the path of an output that it depends on. Several ids may have the same: a plan refuses that. */
export function preparedVariable(id: string): string {
  return `PIKACI_PREPARED_${id.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
}
