// Networks that come inside something: a dictionary of the person's own, or an adapter's folder. What is generated comes the
// same way, so that the person's own test reads it as it reads the originals.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import type { EvaluationRecord } from '../../protocol/evaluation';
import type { GenerateResult } from '../../protocol/generation';
import { adapterConfigAttribute, peft } from '../../sidecar/checkpoint/peft';
import { openCheckpoint } from '../../sidecar/checkpoint/registry';
import { torchZip } from '../../sidecar/checkpoint/torchZip';
import { rpg } from '../support/cli';
import { temporaryFolder } from '../support/folders';
import { pythonInterpreter, torchMissing } from '../support/python';
import { makeTrainingWorkspace, tinyNetwork, type WorkspaceOptions } from '../support/trainingWorkspace';

/** Register, train, generate with the test, evaluate beside two baselines of each kind. */
async function mainJob(testProgram: string, interpreter: string, options: WorkspaceOptions, format?: string) {
  const { folder, zoo } = await makeTrainingWorkspace(temporaryFolder(), options);
  writeFileSync(path.join(zoo, 'test-program'), testProgram);
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await rpg(args, { cwd: folder });
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
    return stdout;
  };
  await run('register', 'zoo', '--test', `${interpreter} test-program {file}`);
  await run('train', 'tiny.rpg.json', '--device', 'wasm', '--workers', '1');
  const asked = ['--count', '2', '--test', '--json', '--device', 'wasm', ...(format ? ['--format', format] : [])];
  const generated = JSON.parse(await run('generate', 'last', ...asked)) as GenerateResult;
  const { evaluation } = JSON.parse(
    await run('evaluate', 'last', '--json', '--networks-per-baseline', '1', '--midpoints', '1'),
  ) as EvaluationRecord;
  const groups = evaluation.networks.map(({ group }) => group);
  expect(groups.filter(group => group === 'generated')).toHaveLength(2);
  expect(new Set(groups).size).toBeGreaterThan(3); // baselines were tested, too
  return { generated, failures: evaluation.networks.flatMap(({ failure }) => failure ?? []) };
}

const node = `"${process.execPath}"`;

const accuracies = ({ networks }: GenerateResult) =>
  networks.map(({ test: tested }) => tested!.accuracy ?? tested!.problem);

test.skipIf(torchMissing !== null)('a state dict inside dictionaries is generated inside the same', async () => {
  const write = (file: string, index: number) =>
    torchZip.write!(file, {
      dictionary: { ...tinyNetwork(index), nesting: ['ema', 'state.dict'] },
      attributes: new Map(),
    });
  const program = `
import sys, torch
state = torch.load(sys.argv[1])['ema']['state.dict']
assert list(state)[0] == 'conv.weight' and state['conv.weight'].shape == (3, 5)
print('Acc: 0.75')
`;
  const { generated, failures } = await mainJob(program, pythonInterpreter, { write });
  expect(accuracies(generated)).toEqual([0.75, 0.75]);
  expect(failures).toEqual([]);
  const file = openCheckpoint(generated.networks[0]!.file);
  expect(file.dictionaries.map(({ key, nesting }) => [key, nesting])).toEqual([
    ['ema.state.dict', ['ema', 'state.dict']],
  ]);
  file.dispose();
});

test('a format without dictionaries inside each other holds the same networks', async () => {
  const write = (file: string, index: number) =>
    torchZip.write!(file, { dictionary: { ...tinyNetwork(index), nesting: ['model'] }, attributes: new Map() });
  const { generated, failures } = await mainJob("console.log('Acc: 0.5')", node, { write }, 'safetensors');
  expect(accuracies(generated)).toEqual([0.5, 0.5]);
  expect(failures).toEqual([]);
});

test('an adapter is generated as a folder with its configuration, and so are the baselines that are tested', async () => {
  const attributes = new Map([[adapterConfigAttribute, '{"peft_type": "LORA", "r": 3}']]);
  const write = (folder: string, index: number) => peft.write!(folder, { dictionary: tinyNetwork(index), attributes });
  const program = `
const { r } = JSON.parse(require('node:fs').readFileSync(process.argv[2] + '/adapter_config.json', 'utf8'));
require('node:fs').statSync(process.argv[2] + '/adapter_model.safetensors');
console.log('Acc: 0.' + r);
`;
  const nameOf = (index: number) => `adapter_v1.${index}`;
  const { generated, failures } = await mainJob(program, node, { write, nameOf });
  expect(accuracies(generated)).toEqual([0.3, 0.3]);
  expect(failures).toEqual([]);
});
