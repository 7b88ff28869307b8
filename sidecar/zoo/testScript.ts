// The test.py of a zoo folder: the same network and the same test in PyTorch, for people and tools that work with it. It
// needs torch alone, from 1.13 on, and prints one line such as `Loss: 0.4711 | Acc: 0.8793`.
import { networkParameters, type Layer, type NetworkSpec } from './networkSpec';
import type { ZooRecipe } from './recipes/recipe';

/** The script's text. `dataFolder` is where the idx files of the test split are now; $RPG_DATASETS overrides it. */
export function testScript(recipe: ZooRecipe, dataFolder: string): string {
  const { network } = recipe;
  const names = networkParameters(network).map(({ name }) => name);
  return `#!/usr/bin/env python3
"""Tests one checkpoint of ${recipe.title}.

python test.py FILE [--predictions OUT.json] [--data FOLDER]
Prints the mean cross entropy and the accuracy on the ten thousand test images. With --predictions it writes
{"predicted": [class, ...], "expected": [class, ...]}, one entry per test image in order.
"""
import argparse
import gzip
import json
import os

import torch
from torch import nn

PACKAGED = ${pythonString(dataFolder)}
DATASET = ${pythonString(recipe.dataset)}


def network():
    # State dict: ${names[0]!} ... ${names.at(-1)!}
    return nn.Sequential(
${network.layers.map(layer => `        ${pythonLayer(layer)},`).join('\n')}
    )


def read_idx(folder, name, header):
    path = os.path.join(folder, name)
    opened = gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")
    with opened as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--predictions")
    datasets = os.environ.get("RPG_DATASETS")
    parser.add_argument("--data", default=os.path.join(datasets, DATASET) if datasets else PACKAGED)
    args = parser.parse_args()

    images = read_idx(args.data, "t10k-images-idx3-ubyte", 16).view(-1, 1, ${imageSize(network)})
    images = (images.float() / 255 - ${network.pixelMean}) / ${network.pixelStd}
    labels = read_idx(args.data, "t10k-labels-idx1-ubyte", 8).long()

    model = network()
    model.load_state_dict(torch.load(args.file, map_location="cpu"))
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(batch) for batch in images.split(1000)])
    predicted = logits.argmax(1)
    loss = nn.functional.cross_entropy(logits, labels).item()
    accuracy = (predicted == labels).float().mean().item()
    if args.predictions:
        with open(args.predictions, "w") as file:
            json.dump({"predicted": predicted.tolist(), "expected": labels.tolist()}, file)
    print("Loss: %.4f | Acc: %.4f" % (loss, accuracy))


if __name__ == "__main__":
    main()
`;
}

function pythonLayer(layer: Layer): string {
  switch (layer.kind) {
    case 'conv2d':
      return `nn.Conv2d(${layer.inChannels}, ${layer.outChannels}, ${layer.kernelSize})`;
    case 'maxPool2d':
      return 'nn.MaxPool2d(2)';
    case 'averagePool2d':
      return 'nn.AvgPool2d(2)';
    case 'leakyRelu':
      return `nn.LeakyReLU(${layer.negativeSlope})`;
    case 'flatten':
      return 'nn.Flatten()';
    case 'linear':
      return `nn.Linear(${layer.inFeatures}, ${layer.outFeatures})`;
    default:
      return layer satisfies never;
  }
}

const imageSize = (network: NetworkSpec): string => `${network.inputHeight}, ${network.inputWidth}`;

/** JSON's string syntax is also Python's, once characters beyond ASCII are escaped. */
const pythonString = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
