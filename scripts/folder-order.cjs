/**
 * The order of the folders: each imports from those before it, never from those behind, so no folders form a circle and a reader can
 * begin at the top. Of a folder with folders in it, `.` stands for its own files. dependency-cruiser's own folder scope does not do here:
 * it takes a folder and one inside of it for the same, and sees circles between neighbours only.
 */
const FOLDER_ORDER = {
  'src/domain': [
    'values',
    'patterns',
    'machine',
    'job',
    'mounts',
    'events',
    'records',
    'target',
    'report',
    'hooks',
    'config',
  ],
  'src/application': [
    'settings',
    'faults',
    'commands',
    'cluster',
    'directories',
    'nix',
    'secrets',
    'events',
    'lock',
    'log',
    'records',
    'trace',
    'lease',
    'mounts',
    'holds',
    'snapshot',
    'supervisor',
    'step',
    'artifacts',
    'reports',
    'cache',
    'machine',
    'machine/inherited',
    'machine/incus',
    'machine/microvm',
    'services',
    'open-machine',
    'job',
    'recover',
    'prepare',
    'template',
    'report',
    'target',
    'gc',
    'doctor',
    'hosts',
    'api',
  ],
  'src/adapters/incus': ['dial', 'http', 'answers', 'wire', 'operations', 'exec', 'calls', '.'],
  'src/adapters/memory': ['memory-incus', 'memory-supervisor', '.'],
  'src/adapters/http': ['source', 'log', 'pages/style', 'pages', 'live', 'script', 'terminal', 'routes', '.'],
  'src/adapters/cli': [
    'process',
    'config',
    'output',
    'output/live',
    'session',
    'commands',
    'commands/machine',
    'commands/runner',
    'commands/github',
    'commands/gitlab',
    'commands/template',
    'commands/cache',
    'commands/pool',
    'commands/recover',
    'commands/serve',
    'commands/hooks',
    'completion',
    'program',
    '.',
  ],
  'src/testing': ['contract', 'contract/incus-api', '.'],
};

const files = (base, folder) => (folder === '.' ? `^${base}/[^/]+$` : `^${base}/${folder}/[^/]+$`);

/** One rule of dependency-cruiser for each folder that has others behind it. */
function folderRules() {
  return Object.entries(FOLDER_ORDER).flatMap(([base, folders]) =>
    folders.slice(0, -1).map((folder, index) => ({
      name: `order-of-${base.slice('src/'.length)}/${folder}`,
      comment: 'Folders have an order: one imports from those before it (scripts/folder-order.cjs).',
      severity: 'error',
      from: { path: files(base, folder) },
      to: { path: folders.slice(index + 1).map((later) => files(base, later)) },
    })),
  );
}

module.exports = { FOLDER_ORDER, folderRules };
