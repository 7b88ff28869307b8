// Words: numbers, complaints, messages, lines. Every sentence a person reads from the VS Code-free part of the extension.
import { describe, expect, it } from 'vitest';
import type { Remedy } from '../../../protocol/errors';
import type { RunSummary } from '../../../protocol/runRecords';
import { remedyText as terminalText } from '../../../sidecar/cli/remedyText';
import { errorMessage, textOf, withAttempt, type Attempt } from '../../../src/errorMessage';
import { SidecarError } from '../../../src/sidecarError';
import { blockedActions } from '../../../src/state/viewState';
import { about, formatBytes, roughDuration, formatLoss, formatMany, plural } from '../../../shared/words';
import { differenceText, folderReportText, textTable } from '../../../src/text/reports';
import { commonPrefix } from '../../../src/text/names';
import { remedyText } from '../../../src/text/remedyText';
import type { JobTraining } from '../../../src/state/jobs';
import { runLine, runTooltip } from '../../../src/text/runLine';
import { statusText } from '../../../src/text/statusText';
import {
  classesProblem,
  datasetNameProblem,
  etaProblem,
  fileNamePartProblem,
  parseClasses,
  testCommandProblem,
  wholeNumberProblem,
} from '../../../src/text/validate';

const run: RunSummary = {
  id: '0007-zoo',
  folder: '/w/.rpg/runs/0007-zoo',
  status: 'running',
  name: 'zoo',
  dataset: 'zoo',
  createdAt: '2026-01-01T00:00:00Z',
  step: 120,
  steps: 2000,
  loss: 0.3141,
  engine: 'portable',
  device: 'wasm',
  pid: 4711,
  snapshots: [100],
  problem: null,
  revision: '1',
};

describe('numbers', () => {
  it.each([
    [999, '999 B'],
    [1536, '1.5 kB'],
    [999_999, '1.0 MB'],
    [31e9, '31 GB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [900, 'a few seconds'],
    [40_000, '40 s'],
    [12 * 60_000, '12 min'],
    [3.5 * 3_600_000, '3.5 h'],
    [50 * 3_600_000, '2 days'],
  ])('%d ms are %s', (ms, text) => expect(roughDuration(ms)).toBe(text));

  it('an estimate is about a time, unless the words say so already', () => {
    expect([about(900), about(40_000)]).toEqual(['a few seconds', '≈ 40 s']);
  });

  it.each([
    [914, '914'],
    [91_440, '91.4K'],
    [239_408_518, '239M'],
  ])('%d parameters are %s', (count, text) => expect(formatMany(count)).toBe(text));

  it('losses keep their digits', () => {
    expect([formatLoss(null), formatLoss(0), formatLoss(1.2345), formatLoss(1.2e-5)]).toEqual([
      '—',
      '0.00',
      '1.23',
      '1.20e-5',
    ]);
  });

  it('nouns follow their number', () => {
    expect([plural(1, 'network'), plural(1200, 'network')]).toEqual(['1 network', '1,200 networks']);
  });
});

describe('while one types', () => {
  it.each([
    ['zoo', null],
    ['zoö_2.b-c', null],
    ['', 'Give it a name'],
    ['taken', 'There is a dataset taken already'],
    ['a b', /letters, digits/],
    ['../up', /letters, digits/],
    ['x'.repeat(101), /100 letters/],
  ])('the dataset name %j', (name, complaint) => {
    const found = datasetNameProblem(name, ['taken']);
    if (complaint instanceof RegExp) expect(found).toMatch(complaint);
    else expect(found).toBe(complaint);
  });

  it('numbers, tasks and commands are checked', () => {
    expect(wholeNumberProblem('10', { min: 1, max: 20 })).toBeNull();
    expect(wholeNumberProblem('1.5', { min: 1, max: 20 })).toBe('Give a whole number');
    expect(wholeNumberProblem('21', { min: 1, max: 2000 - 1980 })).toBe('Give a number from 1 to 20');
    expect(parseClasses('3, 17;0279')).toEqual([3, 17, 279]);
    expect(classesProblem('3, 1024', 10)).toMatch(/^1024 is not a task: numbers go from 0 to 1023/);
    expect(classesProblem('', 10)).toMatch(/^Give one or more/);
    expect(testCommandProblem('python test.py')).toMatch(/\{file\}/);
    expect(testCommandProblem('python "test.py {file}')).toMatch(/not closed/);
    expect(testCommandProblem('')).toBeNull();
    expect(['0', '1', '0.05'].map(etaProblem)).toEqual([null, null, null]);
    expect(['', 'x', '-0.1', '1.1'].map(text => etaProblem(text) !== null)).toEqual([true, true, true, true]);
    expect(fileNamePartProblem('mine-2')).toBeNull();
    expect(fileNamePartProblem('../mine')).toMatch(/no slashes/);
  });
});

/** One of each kind: a new kind is not forgotten here. */
const remedies = {
  goOn: { does: 'goOn', despite: 'memory' },
  register: {
    does: 'register',
    folder: '/zoo',
    name: 'zoo',
    testCommand: 'python3 test.py {file}',
    accuracyPattern: null,
    key: '',
  },
  replace: { does: 'replace', what: 'file' },
  train: { does: 'train' },
  stop: { does: 'stop', run: '0003-zoo' },
  resume: { does: 'resume', run: '0003-zoo' },
  resumeOn: { does: 'resumeOn', run: '0003-zoo', engine: 'cuda' },
  beginFrom: { does: 'beginFrom', run: '0003-zoo' },
  generate: { does: 'generate', run: '0003-zoo', isForTask: true },
  evaluate: { does: 'evaluate', run: '0003-zoo' },
  setTest: { does: 'setTest' },
  compareWeightsOnly: { does: 'compareWeightsOnly' },
} as const satisfies { [D in Structured['does']]: Extract<Structured, { does: D }> };
type Structured = Exclude<Remedy, string>;

describe('a prefix of names', () => {
  it.each([
    [['module.conv.weight', 'module.conv.bias', 'module.fc.weight'], 'module.'],
    [['a.b.x', 'a.b.y'], 'a.b.'],
    [['conv.weight', 'fc.weight'], ''],
    [['module.weight', 'modular.weight'], ''],
    [['module.weight', 'module'], ''],
    [['module.weight'], ''],
    [[], ''],
  ])('is offered to be taken off: %j → %j', (names, expected) => expect(commonPrefix(names)).toBe(expected));
});

describe('an error', () => {
  it('of nobody is silent', () => {
    expect(errorMessage(new SidecarError('cancelled', 'cancelled', 'stopped'))).toEqual({ kind: 'silent' });
  });

  it('of the person offers what mends it', () => {
    const shown = errorMessage(new SidecarError('dataset-missing', 'user', 'the folder is gone', { name: 'zoo' }));
    expect(shown).toMatchObject({
      severity: 'warning',
      text: 'The folder is gone',
      actions: [{ title: 'Locate…', command: 'rpg.locateDataset', args: [{ dataset: 'zoo' }] }],
    });
  });

  it('of one run offers what mends that run', () => {
    for (const [code, command] of [
      ['nothing-generated', 'rpg.generate'],
      ['snapshot-not-found', 'rpg.resume'],
    ] as const)
      expect(errorMessage(new SidecarError(code, 'user', '', { run: '0003-zoo' }))).toMatchObject({
        actions: [{ command, args: [{ run: '0003-zoo' }] }],
      });
  });

  it('of a workspace that is empty offers the first step', () => {
    for (const [code, commands] of [
      ['no-workspace', ['vscode.openFolder']],
      ['no-datasets', ['rpg.registerFolder', 'rpg.tryDemo']],
      ['no-runs', ['rpg.train']],
    ] as const)
      expect(errorMessage(new SidecarError(code, 'user', ''))).toMatchObject({
        actions: commands.map(command => ({ command })),
      });
  });

  it.each([
    ['memory-too-small', [remedies.goOn], [{ title: 'Train Anyway', args: [{ preset: 'demo', force: true }] }]],
    [
      'dataset-changed',
      [remedies.register, { ...remedies.goOn, despite: 'changes' as const }],
      [
        {
          title: 'Register Again',
          command: 'rpg.registerFolder',
          args: [{ folder: '/zoo', name: 'zoo', replace: true }],
        },
        { title: 'Train Anyway', args: [{ preset: 'demo', acceptChanged: true }] },
      ],
    ],
    ['dataset-changed', ['put the missing files back'], []],
    ['device-unavailable', [], [{ command: 'rpg.chooseDevice' }]],
  ])('of a training offers to try it differently: %s %j', (code, ways, actions) => {
    const attempt: Attempt = { verb: 'Train', command: 'rpg.train', given: { preset: 'demo' } };
    expect(errorMessage(new SidecarError(code, 'user', '', { attempt }, ways))).toMatchObject({ actions });
  });

  it('names the ways out as the editor has them', () => {
    const error = new SidecarError('dataset-changed', 'user', 'dataset zoo is not what was registered', {}, [
      remedies.register,
      { does: 'goOn', despite: 'changes' },
      'start a new run',
    ]);
    expect(textOf(error)).toBe(
      'Dataset zoo is not what was registered; register it again, or go on with the files as they are, or start a new run',
    );
  });

  it('keeps its ways out when it is told what was tried', () => {
    const error = new SidecarError('no-test', 'user', 'no test', {}, [remedies.setTest, remedies.compareWeightsOnly]);
    const attempt: Attempt = { verb: 'Evaluate', command: 'rpg.evaluate', given: { run: '0003-zoo' } };
    expect(errorMessage(withAttempt(error, attempt))).toMatchObject({
      actions: [
        { title: 'Change Test Command', command: 'rpg.editTestCommand' },
        { title: 'Compare Weights Only', command: 'rpg.evaluate', args: [{ run: '0003-zoo', weightsOnly: true }] },
      ],
    });
  });

  it.each(Object.values(remedies))(
    'speaks of no command line in the editor, and of one in the terminal: %j',
    remedy => {
      expect(remedyText(remedy)).not.toMatch(/--\w|\brpg /);
      expect(terminalText(remedy)).not.toMatch(/RPG:/);
      expect(terminalText(remedy)).toMatch(/--\w|\brpg /);
    },
  );

  it('of a run on a device that is not here offers the others, for the setting does not move a run', () => {
    const attempt: Attempt = { verb: 'Resume', command: 'rpg.resume', given: { run: '0003-zoo' } };
    expect(errorMessage(new SidecarError('device-unavailable', 'user', '', { attempt }))).toMatchObject({
      actions: [{ command: 'rpg.resume', args: [{ run: '0003-zoo', chooseDevice: true }] }],
    });
  });

  it('of ours offers the log', () => {
    const shown = errorMessage(new SidecarError('internal', 'internal', '/x.pth: broken'));
    expect(shown).toMatchObject({ severity: 'error', text: '/x.pth: broken', actions: [{ kind: 'showLog' }] });
  });
});

describe('a run in a line', () => {
  const training: JobTraining = {
    run: run.id,
    phase: 'training',
    message: '',
    stepsPerSecond: 10,
    remainingMs: 187_000,
  };

  it('is live while it trains', () => {
    expect(runLine(run, training)).toBe('step 120 of 2,000 · loss 0.314 · 3 min left');
    expect(runLine(run, { ...training, phase: 'saving', message: 'saving step 130' })).toContain('saving step 130');
    expect(runLine(run, null)).toBe('step 120 of 2,000 · loss 0.314');
  });

  it.each([
    ['finished', 'finished · loss 0.314'],
    ['interrupted', 'interrupted at step 120 of 2,000 · resume to go on'],
    ['failed', 'failed at step 120 of 2,000'],
    ['unreadable', 'cannot be read'],
  ] as const)('says that it is %s', (status, line) => expect(runLine({ ...run, status }, null)).toBe(line));

  it('names the process that trains it', () => expect(runTooltip(run)).toContain('process 4711'));
});

describe('what cannot be done with a run has a reason', () => {
  it.each([
    ['running', ['resume', 'delete']],
    ['finished', ['stop', 'resume']],
    ['interrupted', ['stop']],
    ['unreadable', ['stop', 'resume', 'generate', 'evaluate']],
  ] as const)('%s', (status, blocked) => {
    expect(Object.keys(blockedActions({ ...run, status }, null)).sort()).toEqual([...blocked].sort());
  });

  it('such as having no snapshot yet', () => {
    expect(blockedActions({ ...run, snapshots: [] }, null).generate).toBe('It has no snapshot yet');
  });
});

describe('the status bar', () => {
  const job = { id: '1', title: 'Training zoo', run: null, fraction: 0.126, message: '', end: 'cancel' as const };
  it('shows the work and how far it is', () => {
    expect(statusText([job, job], { kind: 'starting' }).text).toBe('$(sync~spin) Training zoo 12 % +1');
    expect(statusText([], { kind: 'stopped' })).toMatchObject({ text: '$(type-hierarchy) RPG', isWarning: false });
  });

  it('warns of a sidecar that is not well', () => {
    expect(statusText([job], { kind: 'crashed', exit: 'SIGKILL', retryMs: 2000 })).toMatchObject({ isWarning: true });
    const error = new SidecarError('sidecar-crashes', 'internal', 'five times');
    expect(statusText([], { kind: 'failed', error })).toMatchObject({
      command: 'rpg.restartSidecar',
      tooltip: 'five times',
    });
  });
});

describe('a report', () => {
  it('aligns its columns', () => {
    expect(
      textTable(
        ['a', 'bb'],
        [
          ['x', '1'],
          ['yyy', '22'],
        ],
        new Set([1]),
      ),
    ).toBe('a    bb\n───  ──\nx     1\nyyy  22');
  });

  it('count one of a thing as one, and give accuracies as percentages', () => {
    const text = folderReportText({
      kind: 'folder',
      path: '/zoo',
      nCheckpoints: 1,
      nSkipped: 0,
      nWeights: 2464,
      nFixed: 1,
      key: '',
      fingerprint: 'f',
      parameters: [],
      tokens: [],
      accuracy: { best: 0.8625, mean: 0.8619166666666667, min: 0.86 },
      problems: [],
    });
    expect(text).toContain('1 checkpoint, 0 other files\n2,464 weights to generate, 1 fixed value\n');
    expect(text).toContain('best 86.25 %, mean 86.19 %, min 86.00 %');
  });

  it('shows the largest change with the digits it is in', () => {
    const tensor = {
      name: 'w',
      status: 'changed',
      shapeA: [2],
      shapeB: [2],
      distance: 1,
      relativeDistance: 1,
      cosine: 1,
    } as const;
    const text = (a: number, b: number) =>
      differenceText({
        ...{ a: 'a', b: 'b', distance: 1, cosine: 1, isEqual: false },
        tensors: [{ ...tensor, shapeA: [2], shapeB: [2], largestChange: { index: [1], a, b } }],
      });
    expect(text(0.5, 0.25)).toContain('[1] 0.5000 → 0.2500');
    expect(text(1.46201, 1.46204)).toContain('[1] 1.46201 → 1.46204');
  });

  it('is not torn by names from files', () => {
    const text = differenceText({ a: 'a\nb', b: 'b', tensors: [], distance: 0, cosine: null, isEqual: true });
    expect(text.split('\n')[0]).toBe('a: a\\u000ab');
  });
});
