import { describe, expect, it } from 'vitest';
import { configNotJson } from '../../../sidecar/config/problems';

function placeOf(text: string): unknown {
  try {
    JSON.parse(text);
  } catch (error) {
    const { line, column } = configNotJson('a', text, error).details;
    return `${String(line)}:${String(column)}`;
  }
  throw new Error('it is JSON');
}

describe('a configuration that is not JSON is located', () => {
  it.each([
    ['{\n  "preset": demo\n}', '2:13'],
    ['{ "steps": 5, }', '1:15'],
    ['{ "a": 1 // comment\n}', '1:10'],
    ['{ "a": [1, 2 }', '1:14'],
    ['{ "a": "text', '1:13'],
    ['{ "a": 1 } x', '1:12'],
    ["{ 'a': 1 }", '1:3'],
    ['', '1:1'],
    ['{\n\n', '3:1'],
  ])('%j at %s', (text, place) => expect(placeOf(text)).toBe(place));
});
