// The person's own test program, played by small Node programs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { externalTester, testFailedCode } from '../../../sidecar/evaluation/externalTest';
import { testAll } from '../../../sidecar/evaluation/testAll';
import type { NetworkToTest, Tester } from '../../../sidecar/evaluation/tester';
import { rejectionOf } from '../../support/errors';
import { temporaryFolder } from '../../support/folders';

/** A test program that does what the file's name says. */
const program = `
const { spawn } = require('node:child_process');
const { writeFileSync } = require('node:fs');
const [file, predictions] = process.argv.slice(2);
const does = {
  good: () => console.log('Loss: 0.5 | Acc: 0.8793'),
  predict: () => { writeFileSync(predictions, '{"predicted": [3, 4], "expected": [3, 5]}'); console.log('Acc: 0.5'); },
  noise: () => { console.error('acc: 0.1'); console.log('Acc: 0.9'); },
  crash: () => { console.error('no such layer'); process.exit(3); },
  silent: () => {},
  nan: () => console.log('Acc: nan'),
  leave: () => {
    // Ends well, and leaves a child that holds its output open, as a data loader's forgotten process does.
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    writeFileSync(file + '.pids', String(child.pid));
    console.log('Acc: 0.75');
    child.on('spawn', () => process.exit(0));
  },
  hang: () => {
    // A child of its own, in the same group, and both deaf to polite requests.
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    process.on('SIGTERM', () => {});
    writeFileSync(file + '.pids', process.pid + ' ' + child.pid);
    setInterval(() => {}, 1000);
  },
};
does[require('node:path').basename(file)]();
`;

function setUp(options: { timeLimitMs?: number; concurrency?: number; predictions?: boolean } = {}): {
  tester: Tester;
  network: (name: string) => NetworkToTest;
  folder: string;
} {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'test program.cjs'), program);
  const tester = externalTester({
    command: `"${process.execPath}" "test program.cjs" {file}${options.predictions ? ' {predictions}' : ''}`,
    cwd: folder,
    timeLimitMs: options.timeLimitMs ?? 20_000,
    concurrency: options.concurrency ?? 2,
    writeTemporary: () => Promise.reject(new Error('every network here has a file')),
  });
  const network = (name: string): NetworkToTest => ({
    path: path.join(folder, name),
    source: { name, read: () => new Float32Array(0) },
  });
  return { tester, network, folder };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A dead child of a dead parent may wait for init as a zombie: it runs nothing any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(condition: () => boolean): Promise<void> {
  const start = performance.now();
  while (!condition() && performance.now() - start < 60_000) await new Promise(resolve => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

describe('a test program', () => {
  test('accuracy and loss are found, standard output wins over standard error', async () => {
    const { tester, network } = setUp();
    expect(await tester.test(network('good'))).toEqual({ accuracy: 0.8793, loss: 0.5, predictions: null });
    expect((await tester.test(network('noise'))).accuracy).toBe(0.9);
  });

  test('the accuracy in the name of the file is not the one that was measured', async () => {
    const { network, folder } = setUp();
    const of = (script: string): Promise<unknown> => {
      const command = `"${process.execPath}" -e "${script}" {file}`;
      const unused = () => Promise.reject(new Error('unused'));
      const tester = externalTester({
        command,
        cwd: folder,
        timeLimitMs: 60_000,
        concurrency: 1,
        writeTemporary: unused,
      });
      return tester.test(network('0007_acc0.9300_seed0013_zoo.pth'));
    };
    expect(await of("console.log('Acc: 0.5 of ' + process.argv[1])")).toMatchObject({ accuracy: 0.5 });
    expect(await of("console.log('acc=0.5 (' + require('path').basename(process.argv[1]) + ')')")).toMatchObject({
      accuracy: 0.5,
    });
    await expect(of("console.log('loading ' + process.argv[1])")).rejects.toThrow(/printed no accuracy/);
  });

  test('predictions are read where the command asks for them', async () => {
    const { tester, network } = setUp({ predictions: true });
    const { predictions } = await tester.test(network('predict'));
    expect(predictions).toEqual({ predicted: Int32Array.of(3, 4), expected: Int32Array.of(3, 5) });
  });

  test.each([
    ['crash', /the test of crash failed: it exited with code 3\nno such layer/],
    ['silent', /it printed no accuracy/],
    ['nan', /it printed an accuracy of "nan"/],
  ])('%s is a failure of that file, with the end of the output', async (name, message) => {
    const { tester, network } = setUp();
    const error = await rejectionOf(() => tester.test(network(name)));
    expect(error.code).toBe(testFailedCode);
    expect(error.message).toMatch(message);
  });

  test('a program that cannot start says which', async () => {
    const { network, folder } = setUp();
    const tester = externalTester({
      command: 'no-such-program-here {file}',
      cwd: folder,
      timeLimitMs: 1000,
      concurrency: 1,
      writeTemporary: () => Promise.reject(new Error('unused')),
    });
    expect((await rejectionOf(() => tester.test(network('good')))).message).toMatch(
      /"no-such-program-here" did not start/,
    );
  });

  test('a hanging program is ended at its time limit, with everything it started', async () => {
    const { tester, network, folder } = setUp({ timeLimitMs: 5000 });
    const error = await rejectionOf(() => tester.test(network('hang')));
    expect(error.message).toMatch(/it took longer than 5 s; raise the time limit/);
    const pids = readFileSync(path.join(folder, 'hang.pids'), 'utf8').split(' ').map(Number);
    await until(() => !pids.some(isAlive));
  });

  test('a program that ended is judged by what it printed, and what it left running is ended', async () => {
    const { tester, network, folder } = setUp();
    expect((await tester.test(network('leave'))).accuracy).toBe(0.75);
    const left = Number(readFileSync(path.join(folder, 'leave.pids'), 'utf8'));
    await until(() => !isAlive(left));
  });

  test.each([0, -3000, 2 ** 31])('a time limit of %d ms is refused, which would be over at once', timeLimitMs => {
    expect(() => setUp({ timeLimitMs })).toThrow(/s is not possible; give more than 0 and at most 2147483/);
  });

  test('cancelling ends it and everything it started', async () => {
    const { tester, network, folder } = setUp();
    const abort = new AbortController();
    const testing = rejectionOf(() => tester.test(network('hang'), abort.signal));
    await until(() => existsSync(path.join(folder, 'hang.pids')));
    abort.abort();
    expect((await testing).blame).toBe('cancelled');
    const pids = readFileSync(path.join(folder, 'hang.pids'), 'utf8').split(' ').map(Number);
    await until(() => !pids.some(isAlive));
  });
});

describe('testing many', () => {
  test('a failure is recorded and the rest goes on, in order', async () => {
    const { tester, network } = setUp();
    const records = await testAll(tester, ['good', 'crash', 'noise'].map(network));
    expect(records.map(({ outcome }) => outcome?.accuracy ?? null)).toEqual([0.8793, null, 0.9]);
    expect(records[1]!.failure).toContain('exited with code 3');
  });

  test('no more tests run at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const tester: Tester = {
      kind: 'external',
      title: 'counting',
      concurrency: 3,
      test: async () => {
        most = Math.max(most, ++running);
        await new Promise(resolve => setTimeout(resolve, 5));
        running--;
        return { accuracy: 1, loss: null, predictions: null };
      },
    };
    const { network } = setUp();
    await testAll(
      tester,
      Array.from({ length: 10 }, (_, i) => network(String(i))),
    );
    expect(most).toBe(3);
  });

  test('a dozen at once give no warning of leaking listeners', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { tester, network } = setUp({ concurrency: 12 });
    const { signal } = new AbortController();
    await testAll(
      tester,
      Array.from({ length: 12 }, () => network('good')),
      { signal },
    );
    expect(warnings).toEqual([]);
  });

  test('a mistake of ours ends everything', async () => {
    const { network } = setUp();
    let started = 0;
    const tester: Tester = {
      kind: 'external',
      title: 'broken',
      concurrency: 1,
      test: () => {
        started++;
        return Promise.reject(new TypeError('ours'));
      },
    };
    await expect(testAll(tester, ['a', 'b', 'c'].map(network))).rejects.toThrow('ours');
    expect(started).toBe(1);
  });
});
