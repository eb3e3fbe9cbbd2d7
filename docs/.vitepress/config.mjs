import { defineConfig } from 'vitepress';

const page = (text, link) => ({ text, link: `/${link}` });

/** Every document of the project stands in it once; a test compares. */
export const sidebar = [
  {
    text: 'Start',
    items: [
      page('What it is', ''),
      page('The first job', 'docs/first-job'),
      page('Operations', 'docs/operations'),
      page('Trust', 'docs/trust'),
    ],
  },
  {
    text: 'Jobs',
    items: [
      page('Steps', 'docs/steps'),
      page('Patterns', 'docs/patterns'),
      page('Services', 'docs/services'),
      page('Reports', 'docs/reports'),
      page('Faults', 'docs/faults'),
    ],
  },
  {
    text: 'Made once',
    items: [
      page('Templates', 'docs/templates'),
      page('Caches', 'docs/caches'),
      page('Warm pool', 'docs/warm-pool'),
    ],
  },
  {
    text: 'In your CI',
    items: [
      page('GitLab Runner', 'docs/gitlab'),
      page('GitHub Actions', 'docs/github'),
      page('A runner of your own', 'docs/embedding'),
      page('The web server', 'docs/serve'),
      page('Traces', 'docs/traces'),
    ],
  },
  {
    text: 'Inside',
    items: [
      page('Architecture', 'docs/architecture'),
      page('The supervisor', 'guest/README'),
      page('MicroVMs', 'microvm/README'),
      page('The disposable host', 'host/README'),
      page('In-memory adapters', 'docs/fakes-differ'),
      page('Benchmark', 'docs/benchmark'),
      page('From a script of your own', 'docs/incus-migration-plan'),
      page('Contributing', 'CONTRIBUTING'),
      page('Changes', 'CHANGELOG'),
    ],
  },
  { text: 'API reference', items: [page('All of it', 'docs/api/README')] },
];

/** `npm run docs:site`: the documents as they lie in the repository, and the API reference that was made before, as pages in `dist-site/`. A link that leads nowhere fails. */
export default defineConfig({
  title: 'pikaci',
  description: "CI jobs in throw-away machines on your team's own Linux host",
  srcDir: '..',
  srcExclude: [
    '**/node_modules/**',
    'bench/**',
    'dist*/**',
    'examples/**',
    'nix/**',
    'test/**',
    'test-results/**',
    '.pikaci/**',
  ],
  outDir: '../dist-site',
  cacheDir: '../node_modules/.cache/vitepress',
  // Pages lie where their documents do, so that links between these lead to the same.
  rewrites: { 'README.md': 'index.md' },
  themeConfig: {
    sidebar,
    search: {
      provider: 'local',
      // The reference has hundreds of pages, which would push the documents out of what is found.
      options: {
        _render: (text, env, md) => (env.relativePath.startsWith('docs/api/') ? '' : md.render(text, env)),
      },
    },
    outline: [2, 3],
  },
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  markdown: {
    // The documents are plain Markdown: what looks like a tag or like Vue's braces is text.
    html: false,
    attrs: { disable: true },
    config(md) {
      const inline = md.renderer.rules.code_inline;
      md.renderer.rules.code_inline = (tokens, index, options, env, self) => {
        tokens[index]?.attrSet('v-pre', '');
        return inline?.(tokens, index, options, env, self) ?? '';
      };
    },
  },
});
