// The engines beside the model written a second time in PyTorch (test/golden/reference.py), on sizes nobody chose: odd lengths,
// widths, taps, channels, layers and batches. First the reference itself on the given golden cases.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkModelCases } from '../golden/modelCases';
import { goldenCases, repository } from '../support/folders';
import { pythonFile, torchMissing } from '../support/python';
import { listDevices } from '../../sidecar/engine/registry';

const reference = path.join(repository, 'test', 'golden', 'reference.py');
const nCases = 16;
/** A random size may lose digits that the chosen ones keep; what is wrong is wrong by far more. */
const slack = 10;

describe.skipIf(torchMissing !== null)('a second implementation in PyTorch', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'rpg-reference-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(() => void pythonFile(reference, folder, '1', String(nCases)));

  test('reproduces the golden cases', () => {
    const model = path.join(goldenCases, 'model');
    const printed = pythonFile(reference, '--again', ...readdirSync(model).map(name => path.join(model, name)));
    const errors = [...printed.matchAll(/^(\S+) (\S+)$/gm)].map(([, name, error]) => [name!, Number(error)] as const);
    expect(errors).toHaveLength(readdirSync(model).length);
    for (const [name, error] of errors) expect(error, name).toBeLessThan(2e-4);
  });

  test.for(['wasm', 'native', 'cpu'])('has the values, gradients and samples of %s', async (device, { skip }) => {
    const probe = await (await listDevices()).find(each => each.device === device)!.probe();
    if (probe.kind === 'unavailable') skip(`${device}: ${probe.reason}`);
    const cases = await checkModelCases(folder, { engine: 'portable', device, workers: 2 });
    expect(cases).toHaveLength(nCases);
    for (const { case: name, values } of cases) {
      expect(values.length).toBeGreaterThan(20);
      for (const { name: value, error, tolerance } of values)
        expect(error, `${name}: ${value}`).toBeLessThanOrEqual(slack * tolerance);
    }
  });
});
