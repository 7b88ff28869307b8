// A run's curves in an event file, read back as TensorBoard's own reader does: framing, checksums, then the messages.
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { expect, it } from 'vitest';
import type { MetricsLine } from '../../protocol/runRecords';
import { crc32c } from '../../sidecar/util/crc32c';
import { rpg } from '../support/cli';
import { temporaryFolder } from '../support/folders';
import { makeTrainingWorkspace } from '../support/trainingWorkspace';

interface ReadScalar {
  tag: string;
  step: number;
  value: number;
  wallTime: number;
}

/** The records' data; every checksum is checked. */
function* records(bytes: Buffer): Generator<Buffer> {
  const unmasked = (at: number): number => {
    const rotated = (bytes.readUInt32LE(at) - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  for (let at = 0; at < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(unmasked(at + 8)).toBe(crc32c(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    expect(unmasked(at + 12 + length)).toBe(crc32c(data));
    yield data;
    at += 16 + length;
  }
}

/** Field number → value of a protocol buffer message. */
function fields(data: Buffer): Map<number, number | Buffer> {
  const found = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = data[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const kind = key & 7;
    if (kind === 0) found.set(key >> 3, varint());
    else if (kind === 1) found.set(key >> 3, data.readDoubleLE((at += 8) - 8));
    else if (kind === 5) found.set(key >> 3, data.readFloatLE((at += 4) - 4));
    else {
      const length = varint();
      found.set(key >> 3, data.subarray(at, (at += length)));
    }
  }
  return found;
}

function scalarsOf(file: string): ReadScalar[] {
  const [first, ...rest] = [...records(readFileSync(file))].map(fields);
  expect((first!.get(3) as Buffer).toString()).toBe('brain.Event:2');
  return rest.map(event => {
    const value = fields(fields(event.get(5) as Buffer).get(1) as Buffer);
    const tag = (value.get(1) as Buffer).toString();
    return { tag, step: event.get(2) as number, value: value.get(2) as number, wallTime: event.get(1) as number };
  });
}

it('rpg export --tensorboard writes every step, the speed and the tests beside the training', async () => {
  const config = { training: { steps: 150, saveEvery: 50, evaluateEvery: 150 } };
  const { folder } = await makeTrainingWorkspace(temporaryFolder(), { config });
  const test = `${process.execPath} -e "console.log('Acc: 0.5')"`;
  const startedAt = Date.now() / 1000;
  for (const args of [
    ['register', 'zoo', '--test', test],
    ['train', 'tiny.rpg.json'],
    ['export', 'last', 'tb', '--tensorboard'],
  ]) {
    const { code, stderr } = await rpg(args, { cwd: folder });
    expect(code, stderr).toBe(0);
  }
  const [file, ...others] = readdirSync(path.join(folder, 'tb'));
  expect(file).toMatch(/^events\.out\.tfevents\.\d+\..*0001-zoo$/);
  const scalars = scalarsOf(path.join(folder, 'tb', file!));
  const of = (tag: string) => scalars.filter(scalar => scalar.tag === tag);
  const metrics = readFileSync(path.join(folder, '.rpg', 'runs', '0001-zoo', 'metrics.jsonl'), 'utf8');
  const lines = metrics.trimEnd().split('\n').map(line => JSON.parse(line) as MetricsLine); // prettier-ignore
  expect(of('train/loss').map(({ step, value }) => [step, value])).toEqual(
    lines.map(({ step, loss }) => [step, Math.fround(loss)]),
  );
  expect(of('train/learning_rate').map(({ value }) => value)).toEqual(
    lines.map(({ learningRate }) => Math.fround(learningRate)),
  );
  expect(of('train/steps_per_second').map(({ step }) => step)).toEqual([50, 100, 150]);
  expect(of('test/accuracy')).toMatchObject([{ step: 150, value: 0.5 }]);
  const times = of('train/loss').map(({ wallTime }) => wallTime);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times[0]!).toBeGreaterThanOrEqual(startedAt - 1);
  expect(times.at(-1)!).toBeLessThanOrEqual(Date.now() / 1000);
  // Again: the file is replaced, so that no curve is drawn twice.
  expect((await rpg(['export', 'last', 'tb', '--tensorboard'], { cwd: folder })).code).toBe(0);
  expect([others, readdirSync(path.join(folder, 'tb'))]).toEqual([[], [file]]);
});
