const AT_ONCE = 1000;

/** Those of many items that are to be kept. Others have their turn in between. */
export async function filterInTurns<Item>(
  items: readonly Item[],
  keep: (item: Item) => boolean,
): Promise<Item[]> {
  const kept: Item[] = [];
  for (const [index, item] of items.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
    if (keep(item)) kept.push(item);
  }
  return kept;
}
