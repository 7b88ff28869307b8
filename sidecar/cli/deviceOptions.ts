// What several commands ask in the same words: which device, and numbers typed as text.
import { InvalidArgumentError, type Command } from 'commander';

/** Adds --engine and --device. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option('--engine <engine>', 'portable or cuda (default: the best that is available; see rpg devices)')
    .option('--device <device>', 'native, wasm, cpu, webgpu or tensorflow, or the number of a CUDA card');
}

/** Parses an option's whole number. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It is not a whole number.');
  return value;
}

/** Parses an option's number. */
export function realNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}
