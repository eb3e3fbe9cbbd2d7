import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';

const page = readFileSync(join(repositoryRoot, 'docs/architecture.md'), 'utf8');
const section = page.slice(page.indexOf('## Glossary'), page.indexOf('## The contexts'));
const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|([^|]*)\|$/gm)]
  .map(([, term = '', what = '', code = '', not = '']) => ({
    term,
    what,
    names: [...code.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    not: not
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
  }))
  .slice(2);

/** Every type, class, function and constant that a file of src exports. */
const exported = readdirSync(join(repositoryRoot, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .flatMap((entry) => {
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    return [
      ...text.matchAll(/^export (?:abstract )?(?:async )?(?:class|interface|type|const|function\*?) (\w+)/gm),
    ].map(([, name = '']) => name);
  });
const words = (name: string) => name.match(/[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g) ?? [];

describe('the glossary', () => {
  it('has at most 25 terms, each said once and explained', () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.length).toBeLessThanOrEqual(25);
    expect(new Set(rows.map(({ term }) => term)).size).toBe(rows.length);
    expect(rows.filter(({ what }) => what.trim() === '')).toEqual([]);
  });

  it('names what the code exports', () => {
    expect(exported.length).toBeGreaterThan(500);
    const named = rows.flatMap(({ names }) => names);
    expect(named.filter((name) => !exported.includes(name))).toEqual([]);
    expect(rows.filter(({ names }) => names.length === 0)).toEqual([]);
  });

  it('is kept: no exported name has a word that it says not to use', () => {
    const refused = new Set(rows.flatMap(({ not }) => not));
    expect(refused.size).toBeGreaterThan(10);
    const broken = exported.filter((name) =>
      words(name[0] === undefined ? '' : name[0].toUpperCase() + name.slice(1)).some((word) =>
        refused.has(word),
      ),
    );
    expect(broken).toEqual([]);
  });
});
