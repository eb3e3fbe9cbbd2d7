import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { searchLog } from '../../../../src/adapters/http/log/log-search.js';
import { logPartView } from '../../../../src/adapters/http/log/log-view.js';
import { partOfLine } from '../../../../src/adapters/http/log/part-of-line.js';
import type { ShownLine } from '../../../../src/adapters/http/log/shown-line.js';
import * as source from '../../../../src/composition/run-state.js';
import { RUN_ID, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const CALL = { runId: RUN_ID, job: 'unit', kind: 'guest', signal: new AbortController().signal } as const;
const textOf = (line: ShownLine) => line.pieces.map((piece) => piece.text).join('');

/** Every part of a log, one after the other, as its pages have them. */
async function partsOf(text: string) {
  await using root = await temporaryDirectory();
  await writeFile(join(await writeRun(root.path), 'jobs/unit/guest.log'), text);
  const runs = { stateRoot: root.path, source };
  const views = [];
  for (let part = 0, parts = 1; part < parts; part += 1) {
    const view = (await logPartView(runs, { ...CALL, part }))._unsafeUnwrap();
    if (view.lines === null) throw new Error('there is no such part');
    parts = view.parts;
    views.push(view);
  }
  const places = [];
  for (const view of views)
    for (const line of [view.lines[0], view.lines.at(-1)])
      if (line !== undefined)
        places.push([line.part, (await partOfLine(runs, { ...CALL, number: line.number }))._unsafeUnwrap()]);
  return { views, places };
}

describe('the parts of a log', () => {
  it.each([
    ['short lines', 'line\n'.repeat(150_000)],
    ['lines that end where a part ends', `${'x'.repeat(262_143)}\n`.repeat(3)],
    ['lines that begin a byte later', `x${`${'x'.repeat(262_143)}\n`.repeat(3)}`],
    ['empty lines', '\n'.repeat(300_000)],
    ['long lines', Array.from({ length: 40 }, (_, n) => `${n} ${'y'.repeat(n * 1700)}\n`).join('')],
    ['a line through several parts', `a\n${'z'.repeat(700_000)}\nb\n`],
  ])('have every line once, with its number and its place: %s', async (_, text) => {
    const { views, places } = await partsOf(text);
    // Of a line whose end is far away a page has the beginning.
    const lines = views.flatMap((view) => [...view.lines, ...(view.tail === null ? [] : [view.tail])]);
    const expected = text.split('\n').slice(0, -1);
    expect(lines.length).toBe(expected.length);
    expect(lines.every((line, index) => line.number === index + 1)).toBe(true);
    expect(
      lines.every((line, index) =>
        line.cut ? expected[index]?.startsWith(textOf(line)) : expected[index] === textOf(line),
      ),
    ).toBe(true);
    for (const [part, found] of places) expect(found).toBe(part);
    for (const [part, view] of views.entries()) for (const line of view.lines) expect(line.part).toBe(part);
    expect(views.at(-1)?.next).toMatchObject({ offset: text.length, number: expected.length + 1 });
  });

  it('go on in the colour in which the part before ended', async () => {
    const { views } = await partsOf(`\u001b[31m${'red\n'.repeat(70_000)}\u001b[0mplain`);
    expect(views[1]?.lines[0]?.pieces).toEqual([{ text: 'red', classes: 'fg-red' }]);
    expect(views[1]?.tail?.pieces).toEqual([{ text: 'plain', classes: '' }]);
  });

  it('say where to go on when the last line has not ended, and runs through several parts', async () => {
    const { views } = await partsOf(`a\n${'z'.repeat(700_000)}`);
    expect(views).toHaveLength(3);
    for (const view of views.slice(1))
      expect(view).toMatchObject({
        lines: [],
        tail: { number: 2, cut: true },
        next: { offset: 2, number: 2 },
      });
  });

  it('are one, and empty, where there is no log yet', async () => {
    const { views } = await partsOf('');
    expect(views).toMatchObject([
      { lines: [], tail: null, parts: 1, size: 0, next: { offset: 0, number: 1 } },
    ]);
  });
});

describe('searching a log', () => {
  const search = async (text: string, wanted: string) => {
    await using root = await temporaryDirectory();
    await writeFile(join(await writeRun(root.path), 'jobs/unit/guest.log'), text);
    return (await searchLog({ stateRoot: root.path, source }, { ...CALL, wanted }))._unsafeUnwrap();
  };

  it('finds lines of all parts, whatever their case and colours, and the last one that has not ended', async () => {
    const { found, more } = await search(
      `${'x\n'.repeat(200_000)}A \u001b[1mNee\u001b[0mdle\n\nneedle needle`,
      'neEdle',
    );
    expect(more).toBe(false);
    expect(found).toEqual([
      { number: 200_001, part: 1, text: 'A Needle', hits: [2] },
      { number: 200_003, part: 1, text: 'needle needle', hits: [0, 7] },
    ]);
  });

  it('gives no more than a thousand lines, and of each a stretch around what was found', async () => {
    const { found, more } = await search('needle\n'.repeat(1001), 'needle');
    expect([found.length, more]).toEqual([1000, true]);
    expect((await search('needle\n'.repeat(1000), 'needle')).more).toBe(false);
    const [long] = (await search(`${'x'.repeat(5000)}needle${'y'.repeat(5000)}`, 'needle')).found;
    expect(long?.text).toMatch(/^x{80}needley+$/);
    expect(long?.text.length).toBe(406);
    expect(long?.hits).toEqual([80]);
  });

  it('marks nothing rather than the wrong place', async () => {
    const { found } = await search('\u0130\u0130\u0130 needle', 'needle');
    expect(found).toMatchObject([{ hits: [] }]);
  });
});
