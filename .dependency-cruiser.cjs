/** The arrows of ARCHITECTURE.md. A room may import only what its row names. */
const engineRooms = {
  'snapshot/bytes': [],
  keys: ['snapshot/bytes'],
  snapshot: ['keys', 'snapshot/bytes'],
  types: ['keys', 'snapshot/bytes', 'snapshot/serializers'],
  plan: ['types', 'keys'],
  api: ['plan', 'types', 'keys'],
  state: ['types', 'keys', 'plan', 'snapshot/bytes', 'snapshot/keyed/keyGroupBlock'],
  operators: ['state', 'types', 'plan', 'keys', 'snapshot/bytes', 'snapshot/keyed/keyGroupBlock'],
  runtime: ['operators', 'state', 'plan', 'keys', 'types', 'snapshot/bytes'],
  connectors: [
    'api',
    'plan',
    'types',
    'keys',
    'operators/connector',
    'operators/operator',
    'operators/inputError',
    'operators/resultsExist',
    'snapshot/bytes',
  ],
  restore: ['snapshot', 'runtime', 'plan', 'types', 'state', 'keys', 'operators'],
};

const roomRules = Object.entries(engineRooms).map(([room, allowed]) => ({
  name: `engine-${room.replaceAll('/', '-')}`,
  comment: `engine/src/${room} may import: ${allowed.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^engine/src/${room}/` },
  to: { path: '^engine/src/', pathNot: `^engine/src/(${[room, ...allowed].join('|')})(/|\\.ts$)` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files of a room may know the types of each other; values never go round in a circle.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...roomRules,
    { name: 'engine-is-a-leaf', severity: 'error', from: { path: '^engine/' }, to: { path: '^(server|webview|extension)/' } },
    {
      name: 'only-host-touches-node',
      severity: 'error',
      from: { path: '^engine/src/', pathNot: '^engine/src/host/' },
      to: { dependencyTypes: ['core', 'npm-dev', 'npm-optional'] },
    },
    {
      name: 'engine-without-packages',
      comment:
        'Packages come in through host, or through this one file: checksums and decompressors of RocksDB, which run on plain JavaScript and WebAssembly.',
      severity: 'error',
      from: { path: '^engine/src/', pathNot: '^engine/src/(host/|snapshot/rocksdb/codecs\\.ts$)' },
      to: { dependencyTypes: ['npm'] },
    },
    { name: 'only-extension-imports-vscode', severity: 'error', from: { pathNot: '^extension/' }, to: { path: '^vscode$' } },
    { name: 'webview-is-a-leaf', severity: 'error', from: { path: '^webview/src' }, to: { path: '^(server|engine|extension)/' } },
    {
      name: 'engine-through-its-exports',
      severity: 'error',
      from: { path: '^(server|test|bench)/' },
      to: { path: '^engine/src/', pathNot: '^engine/src/(index|[a-z]+/index)\\.ts$' },
    },
    {
      name: 'extension-sees-protocols-only',
      severity: 'error',
      from: { path: '^extension/src' },
      to: {
        path: '^(server|webview|engine)/',
        pathNot: '^(server/src/(protocol|control)|webview/src/((savepoint|diff|check|doctor|snapshot)/)?protocol)\\.ts$',
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'], extensions: ['.ts', '.js'] },
  },
};
