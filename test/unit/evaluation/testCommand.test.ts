import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillPlaceholders, parseCommandLine } from '../../../sidecar/evaluation/commandLine';
import { outputTail } from '../../../sidecar/evaluation/externalTest';
import { parsePredictions } from '../../../sidecar/evaluation/predictionsFile';
import { compileAccuracyPattern, defaultAccuracyPattern, findAccuracy } from '../../../sidecar/evaluation/testOutput';
import { errorOf } from '../../support/errors';

describe('test command lines', () => {
  test.each([
    ['python test.py {file}', ['python', 'test.py', '{file}']],
    ['  python   test.py  ', ['python', 'test.py']],
    ['"my python" \'a b\' c" d"', ['my python', 'a b', 'c d']],
    ['x "" y', ['x', '', 'y']],
    ['x "say \\"hi\\"" it\\ s', ['x', 'say "hi"', 'it s']],
    ["x '\\n | & ; > $HOME'", ['x', '\\n | & ; > $HOME']],
    ['x --pattern=(a) *.py $HOME', ['x', '--pattern=(a)', '*.py', '$HOME']],
  ])('%s', (line, argv) => expect(parseCommandLine(line)).toEqual(argv));

  test.each([
    ['', /it is empty/],
    ['python "test.py', /a " is not closed/],
    ['python test.py | tail', /"\|" at position 16 is shell syntax/],
    ['a && b', /shell syntax/],
    ['a > b', /shell syntax/],
  ])('"%s" is refused', (line, message) => {
    const error = errorOf(() => parseCommandLine(line));
    expect(error.code).toBe('bad-test-command');
    expect(error.message).toMatch(message);
  });

  test('any list of words survives single quotes', () => {
    const word = fc.string().map(text => text.replaceAll("'", ''));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), words => {
        expect(parseCommandLine(words.map(text => `'${text}'`).join(' '))).toEqual(words);
      }),
    );
  });

  test('the file goes where {file} is, or to the end; unknown placeholders stay', () => {
    const values = { file: '/a b/c.pth', predictions: '/p' };
    expect(fillPlaceholders(['t', '--f={file}', '{predictions}'], values)).toEqual(['t', '--f=/a b/c.pth', '/p']);
    expect(fillPlaceholders(['t', '{other}'], values)).toEqual(['t', '{other}', '/a b/c.pth']);
  });

  test('a file name that looks like a placeholder is not replaced again', () => {
    expect(fillPlaceholders(['{file}'], { file: '{predictions}', predictions: 'x' })).toEqual(['{predictions}']);
  });
});

describe('accuracy in test output', () => {
  const pattern = compileAccuracyPattern(defaultAccuracyPattern);
  test.each([
    ['Loss: 0.4711 | Acc: 0.8793', { accuracy: 0.8793, loss: 0.4711 }],
    ['accuracy=87.93%', { accuracy: 0.8793, loss: null }],
    ['Top-1 Acc 87.93 %', { accuracy: 0.8793, loss: null }],
    ['{"acc": 0.88, "loss": 1e-3}', { accuracy: 0.88, loss: 0.001 }],
    ['test_acc: 0.5', { accuracy: 0.5, loss: null }],
    [' * Acc@1 76.200 Acc@5 93.100', { accuracy: 0.762, loss: null }],
    ['epoch 1 acc: 0.1\nepoch 2 acc: 0.2\nAccuracy: 0.9', { accuracy: 0.9, loss: null }],
    ['acc: 0.5%', { accuracy: 0.005, loss: null }],
    ['acc: 1.0', { accuracy: 1, loss: null }],
    ['acc: 0', { accuracy: 0, loss: null }],
  ])('%s', (output, expected) => {
    expect(findAccuracy(output, pattern)).toEqual(expected);
  });

  test.each([
    ['', /no accuracy/],
    ['all done', /no accuracy/],
    ['Acc: nan', /accuracy of "nan"/],
    ['Acc: NaN', /accuracy of "NaN"/],
    ['Acc: inf', /accuracy of "inf"/],
    ['Acc: -0.5', /neither a fraction nor percent/],
    ['Acc: 8793', /neither a fraction nor percent/],
  ])('"%s" is no accuracy', (output, problem) => {
    const found = findAccuracy(output, pattern);
    expect('problem' in found ? found.problem : 'none').toMatch(problem);
  });

  test('a custom pattern is used', () => {
    expect(findAccuracy('mIoU 45.1', compileAccuracyPattern(String.raw`miou (\d+\.\d+)`))).toEqual({
      accuracy: 0.451,
      loss: null,
    });
  });

  test.each([
    ['(', /not a regular expression/],
    ['acc', /has no group/],
  ])('the pattern "%s" is refused', (bad, message) => {
    expect(errorOf(() => compileAccuracyPattern(bad)).message).toMatch(message);
  });
});

describe('predictions files', () => {
  test('two lists of classes', () => {
    const { predicted, expected } = parsePredictions('p', '{"predicted": [1, 2], "expected": [1, 3]}');
    expect([[...(predicted as Int32Array)], [...(expected as Int32Array)]]).toEqual([
      [1, 2],
      [1, 3],
    ]);
  });
  test('may tell how sure the network was', () => {
    const text = '{"predicted": [1, 0], "expected": [1, 2], "probabilities": [[0.2, 0.5, 0.3], [1, 0, 0]]}';
    const { probabilities } = parsePredictions('p', text);
    expect(probabilities).toEqual({ classes: 3, values: Float64Array.of(0.2, 0.5, 0.3, 1, 0, 0) });
    expect(parsePredictions('p', '{"predicted": [1], "expected": [1]}').probabilities).toBeUndefined();
  });
  test.each([
    '',
    '3',
    'null',
    '{"predicted": [1]}',
    '{"predicted": [1.5], "expected": [1]}',
    '{"predicted": [1], "expected": []}',
    '{"predicted": [1], "expected": [1], "probabilities": 3}',
    '{"predicted": [1], "expected": [1], "probabilities": []}',
    '{"predicted": [1], "expected": [1], "probabilities": [3]}',
    '{"predicted": [1], "expected": [1], "probabilities": [[]]}',
    '{"predicted": [1], "expected": [1], "probabilities": [[0.5, "0.5"]]}',
    '{"predicted": [1], "expected": [1], "probabilities": [[-0.5, 1.5]]}',
    '{"predicted": [1], "expected": [1], "probabilities": [[0.5, 0.4]]}',
    '{"predicted": [1, 1], "expected": [1, 1], "probabilities": [[0.5, 0.5], [0.2, 0.3, 0.5]]}',
    '{"predicted": [1], "expected": [2], "probabilities": [[0.5, 0.5]]}',
    '{"predicted": [2], "expected": [1], "probabilities": [[0.5, 0.5]]}',
  ])('%s is refused', text => expect(errorOf(() => parsePredictions('p', text)).code).toBe('bad-predictions'));
});

test('the output’s tail has ten lines and no control characters', () => {
  const output = `${Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\r\n')}\n\u001b[31mred\u001b[0m\u0007\n\n`;
  const lines = outputTail(output).split('\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('red');
});
