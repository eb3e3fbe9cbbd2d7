const { folderRules } = require('./scripts/folder-order.cjs');

/**
 * The layer rules. Each has a name that a failing build shows, and the reason for it.
 * @type {import('dependency-cruiser').IConfiguration}
 */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Data goes one way; a cycle means that two files hold one idea.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment: 'The domain is types, schemas and rules: it imports zod, neverthrow, node:crypto and itself.',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: {
        pathNot: ['^src/domain/', '(^|/)node_modules/(zod|neverthrow)/', '^(node:)?crypto$'],
      },
    },
    {
      name: 'ports-see-the-domain-only',
      comment: 'A port is an interface with its faults; it may name node stream types, never a library.',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { pathNot: ['^src/(ports|domain)/', '(^|/)node_modules/neverthrow/', '^(node:)?stream$'] },
    },
    {
      name: 'application-sees-ports-and-domain',
      comment: 'Services compose ports; what is outside comes in through a port.',
      severity: 'error',
      from: { path: '^src/application/' },
      to: { path: '^src/(adapters|composition|testing)/' },
    },
    {
      name: 'application-does-no-io',
      comment: 'Files, processes, sockets and the clock are reached through ports.',
      severity: 'error',
      from: { path: '^src/application/' },
      to: {
        dependencyTypes: ['core'],
        pathNot: [
          '^(node:)?(crypto|stream|path|path/posix|timers/promises|events|buffer|string_decoder|util|zlib)$',
        ],
      },
    },
    {
      name: 'adapters-do-not-see-composition',
      comment: 'Wiring is done from outside.',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/(composition|testing)/' },
    },
    {
      name: 'only-cli-and-http-see-the-application',
      comment: 'Driving adapters call services; driven adapters implement ports.',
      severity: 'error',
      from: { path: '^src/adapters/', pathNot: '^src/adapters/(cli|http)/' },
      to: { path: '^src/application/' },
    },
    {
      name: 'adapters-do-not-see-each-other',
      comment: 'An adapter folder stands alone and can be taken out.',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/([^/]+)/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'streams-see-ports-only',
      comment:
        'What several adapters need for queues, slots and faults is built on ports and node streams, and does no I/O of its own.',
      severity: 'error',
      from: { path: '^src/streams/' },
      to: {
        pathNot: [
          '^src/(streams|ports)/',
          '(^|/)node_modules/neverthrow/',
          '^(node:)?(stream|events|crypto|path/posix)$',
          // Who runs this process: own-user.ts.
          '^(node:)?os$',
        ],
      },
    },
    {
      name: 'streams-are-for-adapters-and-application',
      comment: 'The domain and the ports know of no stream; the wiring has none of its own.',
      severity: 'error',
      from: { pathNot: '^src/(streams|adapters|application)/' },
      to: { path: '^src/streams/' },
    },
    {
      name: 'inversify-in-composition-only',
      comment: 'Classes carry no decorators; the container is a detail of the wiring.',
      severity: 'error',
      from: { pathNot: '^src/composition/' },
      to: { path: '(^|/)node_modules/(inversify|@inversifyjs|reflect-metadata)/' },
    },
    {
      name: 'opentelemetry-in-its-adapter-only',
      comment:
        'Everything else tells a Tracer what took how long; the SDK is loaded for whoever sends spans.',
      severity: 'error',
      from: { pathNot: '^src/adapters/otel/' },
      to: { path: '(^|/)node_modules/@opentelemetry/' },
    },
    {
      name: 'testing-sees-fakes-only',
      comment: 'pikaci/testing works without a host: ports, domain and the in-memory adapters.',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/(application|composition|adapters/(?!memory/))' },
    },
    {
      name: 'resolvable',
      comment: 'What cannot be resolved cannot be checked.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'dependencies-are-declared',
      comment: 'src/ imports what package.json lists under dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    ...folderRules(),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
