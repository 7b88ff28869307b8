// What nobody uses: files, exports, types, dependencies. `npm run check:unused` asks twice. First of everything, tests and scripts
// included: what nobody imports needs no `export`. Then of the product alone (patterns that end in `!`), where an export only
// tests import must at least be used in its own file; what exists for tests or scripts only, such as a reference implementation,
// says so with the tag @internal in its docstring.
const isProduct = process.argv.includes('--production');

module.exports = {
  // The programs themselves are found in esbuild.mjs and package.json; worker threads start from these, and the scripts in
  // TypeScript write files of the product.
  entry: [
    'sidecar/zoo/zooWorker.ts!',
    'sidecar/engine/portable/workers/portableWorker.ts!',
    'scripts/*.ts!',
    'scripts/*.mjs',
    'test/**/*.{ts,mjs}',
  ],
  project: [
    '{protocol,shared,sidecar,src,webview}/**/*.ts!',
    'scripts/*.ts!',
    'scripts/**/*.mjs',
    'test/**/*.{ts,mjs}',
  ],
  ignoreExportsUsedInFile: isProduct,
  ignoreBinaries: ['nvcc', 'strip', 'cc', 'mkfifo', 'mount', 'umount'],
};
