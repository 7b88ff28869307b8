import { describe, expect, it } from 'vitest';
import { readPromptWith } from '../../../sidecar/app/generate/readPrompt';

const labels = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

describe('a prompt is read as the labels it asks for', () => {
  it.each([
    ['cats and dogs', ['cat', 'dog'], 0b0001010000],
    ['find planes, cars', ['airplane', 'automobile'], 0b1100000000],
    ['everything except ships', labels.filter(label => label !== 'ship'), 0b1111111101],
    ['a network that tells horses from the rest', ['horse'], 0b0000000100],
    ['everything', labels, 0b1111111111],
    ['', [], 0],
  ])('%s', (prompt, expected, task) => {
    const reading = readPromptWith(labels, prompt);
    expect(reading.labels).toEqual(expected);
    expect(reading.class).toBe(task);
  });

  it('and says which words it does not know', () => {
    expect(readPromptWith(labels, 'cats and weasels').unknown).toEqual(['weasels']);
  });
});
