// Who may import whom. A folder may import itself, what is listed, and nothing else.
const packages = {
  tf: 'node_modules/@tensorflow',
  rpc: 'node_modules/vscode-jsonrpc',
  vscode: 'node_modules/@types/vscode|^vscode$',
  ffi: 'node_modules/koffi',
  components: 'node_modules/(uplot|@vscode-elements|fflate)',
  gpu: 'node_modules/(webgpu|@webgpu)',
  terminal: 'node_modules/(commander|cli-progress|@types/cli-progress|picocolors)',
};
const node =
  '^(node:)?(assert|async_hooks|buffer|child_process|crypto|events|fs|module|os|path|perf_hooks|stream|timers|url|util|worker_threads|zlib)(/|$)';

const allow = {
  protocol: [],
  shared: ['protocol'],
  webview: ['protocol', 'shared', packages.components],
  src: ['protocol', 'shared', packages.vscode, packages.rpc, node],
  'sidecar/util': ['protocol', 'shared', '^package\\.json$', node],
  'sidecar/checkpoint': ['shared', 'sidecar/util', node],
  'sidecar/tokenizer': ['shared', 'sidecar/util'],
  'sidecar/datasets': ['protocol', 'shared', 'sidecar/checkpoint', 'sidecar/tokenizer', 'sidecar/util', node],
  'sidecar/model': ['protocol', 'shared', 'sidecar/util'],
  'sidecar/config': ['protocol', 'shared', 'sidecar/model', 'sidecar/util'],
  'sidecar/engine': ['shared', 'sidecar/model', 'sidecar/util', packages.tf, packages.ffi, packages.gpu, node],
  'sidecar/methods': [
    'protocol',
    'shared',
    'sidecar/checkpoint',
    'sidecar/config',
    'sidecar/datasets',
    'sidecar/engine',
    'sidecar/model',
    'sidecar/runs',
    'sidecar/tokenizer',
    'sidecar/util',
    node,
  ],
  'sidecar/evaluation': ['protocol', 'shared', 'sidecar/tokenizer', 'sidecar/zoo', 'sidecar/util', node],
  'sidecar/zoo': ['protocol', 'shared', 'sidecar/checkpoint', 'sidecar/engine', 'sidecar/util', node],
  'sidecar/runs': ['protocol', 'shared', 'sidecar/checkpoint', 'sidecar/tokenizer', 'sidecar/util', node],
  'sidecar/app': ['protocol', 'shared', 'sidecar/(?!main|rpc|cli)', node],
  'sidecar/rpc': [
    'protocol',
    'shared',
    'sidecar/app',
    'sidecar/checkpoint',
    'sidecar/config',
    'sidecar/datasets',
    'sidecar/evaluation',
    'sidecar/model',
    'sidecar/runs',
    'sidecar/zoo',
    'sidecar/util',
    packages.rpc,
    node,
  ],
  'sidecar/cli': [
    'protocol',
    'shared',
    'sidecar/app',
    'sidecar/checkpoint',
    'sidecar/model',
    'sidecar/zoo',
    'sidecar/util',
    packages.terminal,
    node,
  ],
};

const folder = name => (/^[a-z]+(\/[a-z]+)*$/.test(name) ? `^${name}(/|$)` : name);
const rules = Object.entries(allow).map(([from, to]) => ({
  name: `${from.replace('/', '-')}-imports`,
  severity: 'error',
  from: { path: `^${from}/` },
  to: { pathNot: [`^${from}/`, ...to.map(t => (t.startsWith('sidecar/(') ? `^${t}` : folder(t)))] },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'every-import-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'one-door-to-tfjs',
      severity: 'error',
      from: { pathNot: '^(sidecar/engine/portable/(tf\\.ts|devices/)|test/)' },
      to: { path: packages.tf },
    },
    {
      name: 'run-folders-are-of-sidecar-runs',
      severity: 'error',
      from: { pathNot: '^(sidecar/runs/|test/)' },
      to: { path: '^sidecar/runs/runFiles\\.ts' },
    },
    {
      name: 'use-cases-know-no-method',
      comment:
        'A use case talks to the contract (the files of sidecar/methods itself), and finds a method in registry.ts.',
      severity: 'error',
      from: { path: '^sidecar/', pathNot: '^sidecar/methods/' },
      to: { path: '^sidecar/methods/[^/]+/' },
    },
    {
      name: 'front-doors-are-not-imported',
      severity: 'error',
      from: { pathNot: '^(sidecar/main\\.ts|sidecar/rpc/|sidecar/cli/|test/)' },
      to: { path: '^sidecar/(main|rpc/|cli/)' },
    },
    ...rules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'node', 'browser', 'import', 'require', 'default'],
    },
  },
};
