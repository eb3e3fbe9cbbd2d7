const AT_ONCE = 1000;

/** A turn for others. */
export function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Many items, one after the other. Others have their turn in between. */
export async function* inTurns<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const [index, item] of items.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    yield item;
  }
}

/** Those of many items that are to be kept. Others have their turn in between. */
export async function filterInTurns<Item>(
  items: readonly Item[],
  keep: (item: Item) => boolean,
): Promise<Item[]> {
  const kept: Item[] = [];
  for (const [index, item] of items.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    if (keep(item)) kept.push(item);
  }
  return kept;
}
