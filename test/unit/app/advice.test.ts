import { expect, it } from 'vitest';
import type { MetricsLine } from '../../../protocol/runRecords';
import { adviceFor } from '../../../sidecar/app/evaluate/advice';
import { recordOf } from '../../support/runRecords';

const { config } = recordOf('0001-zoo');
const withToken = (dimPerToken: number) => ({ ...config, tokens: { ...config.tokens, dimPerToken } });
const curve = (lossAt: (step: number) => number, steps = 100): MetricsLine[] =>
  Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: lossAt(i), learningRate: 1e-3 }));

it.each([
  ['a handful of steps', curve(() => 0.1, 20), /a few steps only/],
  [
    'a rising loss',
    curve(i => 0.1 + i / 100),
    /was rising .*lower learning rate, such as training\.learningRate 0\.001\./,
  ],
  ['a falling loss', curve(i => 1 / (1 + i)), /was still falling .*train for longer, such as training\.steps 4000\./],
  [
    'a high loss that stays',
    curve(() => 0.9),
    /has stayed at 0\.9000: try a higher learning rate, such as training\.learningRate 0\.009\./,
  ],
  ['a low loss that stays', curve(() => 0.1), /no longer falls \(0\.1000\).*tokens\.dimPerToken 32\./],
])('of %s', (_, metrics, expected) => {
  const asked = { ...withToken(65), training: { ...config.training, steps: 2000, learningRate: 3e-3 } };
  expect(adviceFor(asked, metrics)).toMatch(expected);
});

it('has none where tokens are as small as they are worth', () => {
  expect(
    adviceFor(
      withToken(31),
      curve(() => 0.1),
    ),
  ).toBeNull();
});
