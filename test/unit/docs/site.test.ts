import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sidebar } from '../../../docs/.vitepress/config.mjs';
import { repositoryRoot } from '../../support/repository-root.js';

it('the site leads to every document once', () => {
  const documents = [
    ...readdirSync(join(repositoryRoot, 'docs')).flatMap((name) =>
      name.endsWith('.md') ? [`docs/${name}`] : [],
    ),
    ...['guest', 'host', 'microvm'].map((name) => `${name}/README.md`),
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/api/README.md'],
  ];
  const pages = documents.map((path) => {
    const page = path.replace(/\.md$/, '');
    return page === 'README' ? '/' : `/${page}`;
  });
  const links = sidebar.flatMap(({ items }) => items.map(({ link }) => link));
  expect(links.sort()).toEqual(pages.sort());
});

it('its first page of a newcomer leads to what the others are about', () => {
  const text = readFileSync(join(repositoryRoot, 'docs/first-job.md'), 'utf8');
  const linked = [...text.matchAll(/\]\(([a-z-]+)\.md/g)].map((found) => found[1]);
  for (const topic of [
    'operations',
    'steps',
    'templates',
    'services',
    'gitlab',
    'github',
    'embedding',
    'trust',
    'serve',
  ])
    expect(linked).toContain(topic);
});
