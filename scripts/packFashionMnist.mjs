// Packs datasets/fashion-mnist from the four original Fashion-MNIST files (Debian: package dataset-fashion-mnist):
// the whole test split and the first 20,000 training images, which is what the built-in zoo recipes train and test on.
// `node scripts/packFashionMnist.mjs [FOLDER OF THE ORIGINALS]`. The result depends on the input alone: gzip with neither
// name nor time (as `gzip -9 -n`), so packing twice gives the same bytes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const source = process.argv[2] ?? '/usr/share/datasets/fashion-mnist';
const target = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'datasets', 'fashion-mnist');
const trainingImages = 20_000;

/** An idx file cut to its first `count` items: the header keeps its magic and inner sizes, only the item count changes. */
function firstItems(idx, count) {
  const dimensions = idx[3];
  const headerBytes = 4 + 4 * dimensions;
  let itemBytes = 1;
  for (let d = 1; d < dimensions; d++) itemBytes *= idx.readUInt32BE(4 + 4 * d);
  const cut = Buffer.from(idx.subarray(0, headerBytes + count * itemBytes));
  cut.writeUInt32BE(count, 4);
  return cut;
}

/** @type {[input: string, output: string, count: number][]} */
const files = [
  ['train-images-idx3-ubyte.gz', 'train-images-first-20000-idx3-ubyte.gz', trainingImages],
  ['train-labels-idx1-ubyte.gz', 'train-labels-first-20000-idx1-ubyte.gz', trainingImages],
  ['t10k-images-idx3-ubyte.gz', 't10k-images-idx3-ubyte.gz', 10_000],
  ['t10k-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte.gz', 10_000],
];
mkdirSync(target, { recursive: true });
for (const [input, output, count] of files) {
  const cut = firstItems(gunzipSync(readFileSync(path.join(source, input))), count);
  const packed = gzipSync(cut, { level: 9 });
  writeFileSync(path.join(target, output), packed);
  console.log(`${output}: ${count} items, ${packed.length} bytes`);
}
