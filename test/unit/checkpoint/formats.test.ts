import { expect, it } from 'vitest';
import {
  checkpointFormats,
  formatOf,
  openableExtensions,
  usualExtensions,
  usualExtensionsInWords,
} from '../../../sidecar/checkpoint/registry';

it('opens the endings of formats that are written, and names all but .ckpt to people', () => {
  expect(openableExtensions).toEqual(['.pth', '.pt', '.bin', '.ckpt', '.safetensors']);
  expect(usualExtensions).toEqual(['.pth', '.pt', '.bin', '.safetensors']);
  expect(usualExtensionsInWords).toBe('.pth, .pt, .bin or .safetensors');
});

it.each(checkpointFormats)('gives networks generated from $id an ending that can be written', ({ id }) => {
  const ending = formatOf(id).generatedExtension;
  const writers = checkpointFormats.filter(({ write }) => write);
  expect(
    writers.some(({ extensions }) => (ending === '' ? extensions.length === 0 : extensions.includes(ending))),
  ).toBe(true);
});
