// The main job against PyTorch: train on real checkpoints, generate, test; what we print is what PyTorch finds in the file.
import { copyFileSync, mkdirSync } from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import { listCheckpoints } from '../../sidecar/datasets/checkpointFolder';
import { packagedDatasetFolder } from '../../sidecar/zoo/imageData';
import { rpg } from '../support/cli';
import { repository, temporaryFolder } from '../support/folders';
import { python, torchMissing } from '../support/python';

/** Accuracy of each file on the test images, by PyTorch's own layers. */
const accuracyInTorch = `
import gzip, sys, numpy as np, torch
from torch import nn
net = nn.Sequential(nn.Conv2d(1, 8, 5), nn.MaxPool2d(2), nn.LeakyReLU(), nn.Conv2d(8, 6, 5), nn.MaxPool2d(2), nn.LeakyReLU(),
    nn.Conv2d(6, 4, 2), nn.LeakyReLU(), nn.Flatten(), nn.Linear(36, 20), nn.LeakyReLU(), nn.Linear(20, 10)).eval()
def read(name, header):
    return np.frombuffer(gzip.open(sys.argv[1] + '/' + name).read(), np.uint8, offset=header)
images = torch.from_numpy(read('t10k-images-idx3-ubyte.gz', 16).reshape(-1, 1, 28, 28).astype('float32'))
labels = torch.from_numpy(read('t10k-labels-idx1-ubyte.gz', 8).astype('int64'))
images = (images / 255 - 0.286) / 0.353
for file in sys.argv[2:]:
    state = torch.load(file, weights_only=True)
    net.load_state_dict(dict(zip(net.state_dict(), state.values())))
    with torch.no_grad():
        print((net(images).argmax(1) == labels).float().mean().item())
`;

test.skipIf(torchMissing !== null)(
  'a generated network has in PyTorch the accuracy that was printed',
  async () => {
    const workspace = temporaryFolder();
    const zoo = path.join(workspace, 'zoo');
    mkdirSync(path.join(zoo, 'checkpoint'), { recursive: true });
    mkdirSync(path.join(workspace, '.rpg'));
    for (const { path: file, name } of listCheckpoints(path.join(repository, 'test', 'fixtures', 'fashion-cnnsmall'))
      .files)
      copyFileSync(file, path.join(zoo, 'checkpoint', name));
    const succeed = async (...args: string[]) => {
      const { code, stdout, stderr } = await rpg(args, { cwd: workspace });
      expect(code, stderr).toBe(0);
      return stdout;
    };
    await succeed('register', 'zoo');
    await succeed('train', '--dataset', 'zoo', '--preset', 'demo', '--set', 'seed=1', '--set', 'training.steps=200');
    const printed = await succeed('generate', 'last', '--count', '2', '--seed', '1', '--test');
    const networks = [...printed.matchAll(/(\S+\.pth)\s+accuracy ([\d.]+)/g)].map(([, file, accuracy]) => ({ file: file!, accuracy: Number(accuracy) })); // prettier-ignore
    expect(networks).toHaveLength(2);
    const found = python(accuracyInTorch, packagedDatasetFolder('fashion-mnist'), ...networks.map(({ file }) => file));
    found
      .trim()
      .split('\n')
      .forEach((accuracy, i) => {
        console.log(`printed ${networks[i]!.accuracy}, PyTorch ${Number(accuracy).toFixed(4)}`);
        expect(Math.abs(Number(accuracy) - networks[i]!.accuracy)).toBeLessThan(0.0002);
      });
  },
  240_000,
);
