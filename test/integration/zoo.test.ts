// Zoo and evaluation end to end on real images, and side by side with PyTorch.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluateDefaults } from '../../protocol/evaluation';
import { prepareZooDefaults } from '../../protocol/zoo';
import { accuracyOfFileName, listCheckpoints } from '../../sidecar/datasets/checkpointFolder';
import { estimateZoos } from '../../sidecar/app/zoo/estimateZoos';
import { evaluateFolders } from '../../sidecar/app/evaluate/evaluateFolders';
import { atOnce } from '../../sidecar/app/context';
import { prepareZoo } from '../../sidecar/app/zoo/prepareZoo';
import { writeState } from '../../sidecar/app/checkpoints/stateFiles';
import { seededRandom } from '../../sidecar/util/seededRandom';
import { createNetwork } from '../../sidecar/zoo/network';
import { initialParameters, toStateDict } from '../../sidecar/zoo/networkSpec';
import { findRecipe, zooRecipes } from '../../sidecar/zoo/recipes/registry';
import { testScript } from '../../sidecar/zoo/testScript';
import { packagedDatasetFolder } from '../../sidecar/zoo/imageData';
import { rejectionOf } from '../support/errors';
import { repository, temporaryFolder } from '../support/folders';
import { python, torchMissing } from '../support/python';
import { bandImages } from '../support/zoo';

/** Five of fifty checkpoints trained in PyTorch; their test accuracy is in their names. */
const published = path.join(repository, 'test', 'fixtures', 'fashion-cnnsmall');
const quiet = { signal: new AbortController().signal, report: () => undefined, onDevice: atOnce, workspace: '.' };

/** A copy: measuring a dataset leaves a cache beside it. */
function copyOfPublished(count = 5): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'checkpoint'));
  for (const { path: file, name } of listCheckpoints(published).files.slice(0, count))
    copyFileSync(file, path.join(folder, 'checkpoint', name));
  return folder;
}

describe('evaluating checkpoints trained in PyTorch', () => {
  test('the built-in test gives each file the accuracy in its name, to four digits', async () => {
    const result = await evaluateFolders(
      { ...evaluateDefaults, dataset: copyOfPublished(), generated: [], networksPerBaseline: 0 },
      quiet,
    );
    expect(result.networks).toHaveLength(5);
    for (const { name, accuracy } of result.networks)
      expect(accuracy!.toFixed(4)).toBe(accuracyOfFileName(name)!.toFixed(4));
    expect(result.test).toMatchObject({ kind: 'built-in', samples: 10_000 });
  });

  test('a generated copy is found out, a damaged file is noted, noise is novel', async () => {
    const folder = copyOfPublished();
    const [first] = listCheckpoints(folder).files;
    const generated = path.join(folder, 'generated');
    mkdirSync(generated);
    copyFileSync(first!.path, path.join(generated, 'generated_copy_001.pth'));
    writeFileSync(path.join(generated, 'generated_bad_002.pth'), 'not a checkpoint');
    const result = await evaluateFolders(
      { ...evaluateDefaults, dataset: folder, generated, networksPerBaseline: 1, midpoints: 1 },
      quiet,
    );
    const copy = result.networks.find(({ group }) => group === 'generated')!;
    expect(copy).toMatchObject({ nearest: first!.name, nearestDistance: 0, maxIouWithOriginals: 1 });
    expect(result.notes.join()).toContain('generated_bad_002.pth');
    const noise = result.rows.find(({ group }) => group === 'baseline: noise 0.1')!;
    expect(noise.nearestDistance).toBeGreaterThan(0.9); // 0.1 × the tensors' deviations over 2,464 weights: 1.12
    expect(noise.nearestDistance).toBeLessThan(1.3);
    expect(result.midpoints[0]!.barrier).toBe(0);
  });

  test('an unknown architecture needs a test command, and says so', async () => {
    const folder = temporaryFolder();
    await writeState(path.join(folder, 'a.pth'), new Map([['w', { shape: [3], data: Float32Array.of(1, 2, 3) }]]));
    const error = await rejectionOf(() =>
      evaluateFolders({ ...evaluateDefaults, dataset: folder, generated: [] }, quiet),
    );
    expect(error.code).toBe('no-test');
  });
});

describe('preparing a zoo', () => {
  test('a folder with checkpoints, generated/ and test.py is left, and the names tell the truth', async () => {
    const out = path.join(temporaryFolder(), 'my zoo');
    const seen: number[] = [];
    const made = await prepareZoo(
      { ...prepareZooDefaults, recipe: 'fashion-mlp', out, perRun: 3, epochs: 0 },
      { ...quiet, report: ({ fraction }) => void seen.push(fraction!) },
    );
    expect(readdirSync(out).sort()).toEqual(['checkpoint', 'generated', 'test.py', 'zoo.json']);
    expect(made.checkpoints.map(file => path.basename(file).replace(/acc[\d.]+_/, ''))).toEqual([
      '0000_seed0020_fashion_mlp.pth',
      '0052_seed0020_fashion_mlp.pth',
      '0104_seed0020_fashion_mlp.pth',
    ]);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    const result = await evaluateFolders(
      { ...evaluateDefaults, dataset: out, generated: [], networksPerBaseline: 0 },
      quiet,
    );
    for (const { name, accuracy } of result.networks)
      expect(accuracy!.toFixed(4)).toBe(accuracyOfFileName(name)!.toFixed(4));
    const again = await rejectionOf(() => prepareZoo({ ...prepareZooDefaults, recipe: 'fashion-mlp', out }, quiet));
    expect(again.code).toBe('zoo-folder-in-use');
  });

  test('what it takes is timed for every recipe before it is trained', async () => {
    const estimates = await estimateZoos({}, quiet);
    expect(estimates.map(({ recipe }) => recipe)).toEqual(zooRecipes.map(({ name }) => name));
    for (const { trainingMs, testMs, memoryBytes } of estimates) {
      expect(testMs).toBeGreaterThan(0);
      expect(trainingMs).toBeGreaterThan(testMs); // thousands of steps against one pass
      expect(memoryBytes).toBe(30_000 * (28 * 28 + 1));
    }
  });

  test('cancelling while it trains ends it', async () => {
    const abort = new AbortController();
    const error = await rejectionOf(() =>
      prepareZoo(
        { ...prepareZooDefaults, recipe: 'fashion-cnnsmall', out: path.join(temporaryFolder(), 'zoo') },
        {
          ...quiet,
          signal: abort.signal,
          report: () => abort.abort(),
        },
      ),
    );
    expect(error.blame).toBe('cancelled');
  });
});

describe.skipIf(torchMissing !== null)('beside PyTorch', () => {
  const recipe = findRecipe('fashion-cnnsmall');

  test('test.py prints the accuracy of the name, and writes the predictions the built-in test makes', async () => {
    const folder = copyOfPublished(2);
    writeFileSync(path.join(folder, 'test.py'), testScript(recipe, packagedDatasetFolder('fashion-mnist')));
    const generated = path.join(folder, 'checkpoint');
    const interpreter = process.env.RPG_TEST_PYTHON ?? '/usr/bin/python3';
    const common = { ...evaluateDefaults, dataset: folder, generated, networksPerBaseline: 0, midpoints: 1 };
    const external = await evaluateFolders(
      { ...common, testCommand: `${interpreter} test.py {file} --predictions {predictions}` },
      quiet,
    );
    const builtIn = await evaluateFolders(common, quiet);
    expect(external.networks.map(({ failure }) => failure)).toEqual([null, null, null, null]);
    expect(external.networks.map(({ accuracy }) => accuracy)).toEqual(builtIn.networks.map(({ accuracy }) => accuracy));
    // A sample on the border of two classes may fall differently in another order of summation.
    for (const [i, row] of external.iou!.values.entries())
      for (const [j, iou] of row.entries()) expect(Math.abs(iou - builtIn.iou!.values[i]![j]!)).toBeLessThan(2e-3);
  });

  test.each(['fashion-cnnsmall', 'fashion-mlp'])('the gradients of %s are PyTorch’s', async name => {
    const { network: spec } = findRecipe(name);
    const folder = temporaryFolder();
    const images = bandImages(3, spec, 53);
    const network = createNetwork(spec);
    network.parameters.set(Float32Array.from(initialParameters(spec, seededRandom(59))));
    await writeState(path.join(folder, 'weights.pth'), toStateDict(spec, network.parameters));
    const size = spec.inputHeight * spec.inputWidth;
    const gradients = new Float64Array(network.parameters.length);
    for (let image = 0; image < images.count; image++) {
      network.forward(images.pixels, image * size);
      network.backward(images.labels[image]!, 1 / images.count, gradients);
    }
    writeFileSync(path.join(folder, 'net.py'), testScript(findRecipe(name), ''));
    const input = JSON.stringify({ pixels: [...images.pixels], labels: [...images.labels] });
    writeFileSync(path.join(folder, 'input.json'), input);
    python(
      `
import json, sys, torch
sys.path.insert(0, sys.argv[1])
from net import network
given = json.load(open(sys.argv[1] + '/input.json'))
model = network().double()
model.load_state_dict(torch.load(sys.argv[1] + '/weights.pth'))
x = torch.tensor(given['pixels']).view(-1, 1, ${spec.inputHeight}, ${spec.inputWidth}).float()
x = ((x / 255 - ${spec.pixelMean}) / ${spec.pixelStd}).double()
torch.nn.functional.cross_entropy(model(x), torch.tensor(given['labels'])).backward()
json.dump([g for p in model.parameters() for g in p.grad.flatten().tolist()], open(sys.argv[1] + '/gradients.json', 'w'))
`,
      folder,
    );
    const theirs = JSON.parse(readFileSync(path.join(folder, 'gradients.json'), 'utf8')) as number[];
    expect(theirs).toHaveLength(gradients.length);
    let difference = 0;
    let norm = 0;
    for (const [i, value] of theirs.entries()) {
      difference += (value - gradients[i]!) ** 2;
      norm += value ** 2;
    }
    expect(Math.sqrt(difference / norm)).toBeLessThan(1e-6); // input rounding may differ in the last float32 bit
  });
});
