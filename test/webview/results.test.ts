// The results page shows every state the host may post, and posts what a person asks for.
import { expect, it } from 'vitest';
import type { ViewState } from '../../protocol/view';
import { describePages, intentsOf } from './support/browserTests';
import {
  exampleConfig,
  exampleEvaluation,
  exampleMetrics,
  exampleRun,
  exampleState,
  exampleView,
} from './support/exampleStates';

const empty: ViewState = { ...exampleState([]), runs: [], nDatasets: 0 };

describePages('The results page', open => {
  it('asks for the state when it starts, and says that it is loading until it comes', async () => {
    const view = await open();
    expect(await view.posted()).toEqual([{ kind: 'ready', selected: [] }]);
    expect(await view.page.getByText('Loading…').isVisible()).toBe(true);
  });

  it('asks after a reload for the runs it showed before', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.page.getByText('Step 1,234 of 2,000').waitFor();
    await view.page.reload();
    expect(await view.posted()).toEqual([{ kind: 'ready', selected: ['0002-fashion'] }]);
  });

  it('keeps folded sections, open tables, order and scale over a reload', async () => {
    const view = await open();
    const state = { kind: 'state', state: exampleState([exampleView('0002-fashion')]) };
    const metrics = { kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 100) };
    await view.send(state);
    await view.send(metrics);
    await view.page.getByRole('button', { name: 'Files' }).click();
    await view.page.getByText('Diversity and ensembles').click();
    await view.page.locator('vscode-checkbox[label="Logarithmic"]').click();
    await view.page.locator('#table-accuracy').getByRole('button', { name: 'Best' }).click();
    await view.page.reload();
    await view.send(state);
    await view.send(metrics);
    await view.page.locator('#table-diversity').waitFor();
    expect(await view.page.getByRole('button', { name: 'Files' }).getAttribute('aria-expanded')).toBe('false');
    expect(await view.page.getByRole('checkbox', { name: 'Logarithmic' }).isChecked()).toBe(true);
    expect(await view.page.locator('#table-accuracy th[aria-sort="descending"]').textContent()).toContain('Best');
  });

  it.each([
    ['no datasets', empty, 'Try the Demo', 'tryDemo'],
    ['datasets but no runs', { ...empty, nDatasets: 2 }, 'Train…', 'train'],
    [
      'a sidecar that failed',
      {
        ...empty,
        status: {
          kind: 'failed',
          problem: { message: 'The sidecar ended with code 3.', actions: ['retry', 'showLog'] },
        },
      },
      'Try Again',
      'retry',
    ],
  ] satisfies [string, ViewState, string, string][])(
    'offers the next step with %s',
    async (_, state, label, command) => {
      const view = await open();
      await view.send({ kind: 'state', state });
      await view.page.getByRole('button', { name: label }).click();
      expect(await intentsOf(view, 'command')).toEqual([{ kind: 'command', command }]);
    },
  );

  it('shows the last known runs beside the failure of a sidecar', async () => {
    const view = await open();
    const problem = { message: 'The sidecar ended with code 3.', actions: ['showLog'] };
    await view.send({
      kind: 'state',
      state: exampleState([exampleView('0002-fashion')], {
        status: { kind: 'failed', problem } as ViewState['status'],
      }),
    });
    await view.page.getByText('The sidecar ended with code 3.').waitFor();
    expect(await view.page.locator('#table-accuracy').isVisible()).toBe(true);
  });

  it('posts actions, and only shows the reason of a blocked one', async () => {
    const view = await open();
    const reason = 'This workspace is not trusted: test commands do not run.';
    await view.send({
      kind: 'state',
      state: exampleState([exampleView('0002-fashion', 'running', { blocked: { evaluate: reason } })]),
    });
    await view.page.getByRole('button', { name: 'Stop' }).click();
    const blocked = view.page.getByRole('button', { name: 'Evaluate…' });
    expect(await blocked.getAttribute('title')).toBe(reason);
    await blocked.focus();
    await view.page.keyboard.press('Enter');
    expect(await intentsOf(view, 'act')).toEqual([{ kind: 'act', run: '0002-fashion', action: 'stop' }]);
  });

  it('offers to resume an interrupted run and says why a failed one failed', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion', 'interrupted')]) });
    await view.page.getByRole('button', { name: 'Resume' }).click();
    expect(await intentsOf(view, 'act')).toEqual([{ kind: 'act', run: '0002-fashion', action: 'resume' }]);
    const failure = {
      code: 'loss-not-finite',
      message: 'The loss became NaN at step 700.',
      step: 700,
      lastSnapshot: 500,
    };
    await view.send({ kind: 'changed', parts: { selected: [exampleView('0002-fashion', 'failed', { failure })] } });
    await view.page.getByText('The loss became NaN at step 700.').waitFor();
  });

  it('follows the ticks of training without new tables', async () => {
    const view = await open();
    const state = exampleState([exampleView('0002-fashion')]);
    await view.send({ kind: 'state', state });
    const table = await view.page.locator('#table-accuracy').elementHandle();
    await view.send({
      kind: 'changed',
      parts: { live: [{ ...state.live[0]!, step: 1300, remainingMs: 90_000 }], selected: state.selected },
    });
    await view.page.getByText('Step 1,300 of 2,000 · loss 0.0421 · 1 min 30 s left').waitFor();
    expect(await table.evaluate(node => node.isConnected)).toBe(true);
  });

  it('asks once for points it missed, and goes on when they come', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 10) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 20, 10) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 30, 10) });
    expect(await intentsOf(view, 'resendMetrics')).toEqual([{ kind: 'resendMetrics', run: '0002-fashion' }]);
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 40) });
    await view.page.getByText(/^Step 40: loss/).waitFor();
  });

  it('has room for the numbers at its curves', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    const metrics = exampleMetrics('0002-fashion', 0, 5);
    for (const [from, width] of [
      [1e-3, 1e-6],
      [1e-10, 1e-13],
    ] as const) {
      const learningRate = metrics.steps.map(step => from + width * step);
      await view.send({ kind: 'metrics', ...metrics, learningRate });
      await view.page.waitForTimeout(300);
      await view.page.locator('.line-chart canvas').nth(1).waitFor();
      const isCut = await view.page
        .locator('.line-chart canvas')
        .nth(1)
        .evaluate(canvas => {
          const { height } = canvas as HTMLCanvasElement; // the cast: its tag says so
          const column = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 1, height).data;
          return column.some(value => value > 0);
        });
      expect(isCut, String(from)).toBe(false);
    }
  });

  it('says how many losses were not finite', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({
      kind: 'metrics',
      run: '0002-fashion',
      from: 0,
      steps: [1, 2, 3, 4, 5],
      loss: [1, null, 0.5, null, 0.25],
      learningRate: [0.003, 0.003, 0.003, 0.003, 0.003],
    });
    await view.page.getByText('2 losses are not finite').waitFor();
  });

  it('compares runs: their generated rows, their curves, and only the fields that differ', async () => {
    const view = await open();
    const first = exampleView('0003-fashion');
    const config = exampleConfig();
    const second = exampleView('0002-fashion', 'finished', {
      config: { ...config, training: { ...config.training, learningRate: 0.001 } },
    });
    await view.send({ kind: 'state', state: exampleState([first, second]) });
    for (const run of ['0003-fashion', '0002-fashion'])
      await view.send({ kind: 'metrics', ...exampleMetrics(run, 0, 300) });
    await view.page.locator('.legend li', { hasText: 'smoothed of 0002-fashion' }).waitFor();
    expect(await view.page.locator('#table-accuracy tbody th').allTextContents()).toEqual(
      expect.arrayContaining(['Generated · 0003-fashion', 'Generated · 0002-fashion']),
    );
    expect(await view.page.locator('#table-configuration tbody tr').allTextContents()).toEqual([
      'training.learningRate ≠0.0030.001',
    ]);
    await view.page.locator('vscode-checkbox[label="Only differences"]').click();
    expect(await view.page.locator('#table-configuration tbody tr').count()).toBeGreaterThan(30);
  });

  it('draws the scatter and the heat map of every compared run, on the same axes', async () => {
    const view = await open({ widthPx: 700 });
    const first = exampleView('0003-fashion');
    const second = exampleView('0002-fashion', 'finished');
    await view.send({ kind: 'state', state: exampleState([first, second]) });
    const similarity = view.page.locator('.section-similarity');
    await similarity.getByText('Novelty and accuracy of 0002-fashion').waitFor();
    expect(await similarity.locator('.svg-chart svg').count()).toBe(2);
    expect(await similarity.locator('.heat-map canvas').count()).toBe(2);
    const ticks = (chart: number): Promise<string[]> =>
      similarity.locator('.svg-chart').nth(chart).locator('text').allTextContents();
    expect(await ticks(1)).toEqual(await ticks(0));
    await view.send({ kind: 'changed', parts: { selected: [first] } });
    await similarity.getByText('Novelty and accuracy', { exact: true }).waitFor();
    expect(await similarity.locator('.svg-chart svg').count()).toBe(1);
  });

  it('exports drawings whose words are all inside, and none over another', async () => {
    const view = await open();
    const long = (id: string): string => `${id}-a-dataset-with-a-long-name`;
    const runs = ['0003', '0002', '0001'].map(id => exampleView(long(id)));
    const small = { ...runs[0]!, evaluation: { ...runs[0]!.evaluation!, result: exampleEvaluation(3, 2) } };
    await view.send({ kind: 'state', state: exampleState([small, ...runs.slice(1)]) });
    for (const { summary } of runs) await view.send({ kind: 'metrics', ...exampleMetrics(summary.id, 0, 20) });
    await view.page.locator('.legend li', { hasText: `smoothed of ${long('0001')}` }).waitFor();
    for (const what of ['the training curves', `the heat map of ${long('0003')}`, 'the histogram'])
      await view.page.getByRole('button', { name: `Export ${what} as SVG` }).click();
    const drawings = await intentsOf(view, 'export');
    expect(drawings).toHaveLength(3);
    const sheet = await view.page.context().newPage();
    for (const { content, suggestedName } of drawings) {
      await sheet.setContent(String(content).replace(/^<\?xml.*/, ''));
      const troubles = await sheet.evaluate(() => {
        const frame = document.querySelector('svg')!.getBoundingClientRect();
        const words = [...document.querySelectorAll('svg text')].map(text => ({
          text: text.textContent,
          box: text.getBoundingClientRect(),
        }));
        const isOutside = ({ box }: (typeof words)[number]): boolean =>
          box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
        const isOver = (a: DOMRect, b: DOMRect): boolean =>
          a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        return [
          ...words.filter(isOutside),
          ...words.filter(({ box }, index) => words.slice(0, index).some(other => isOver(box, other.box))),
        ].map(({ text }) => text);
      });
      expect(troubles, String(suggestedName)).toEqual([]);
    }
  });

  it('draws the accuracy that was measured beside the training, with a table behind it', async () => {
    const view = await open();
    const duringTraining = [
      { step: 500, accuracy: 0.2, problem: null },
      { step: 1000, accuracy: 0.8, problem: null },
      { step: 1500, accuracy: null, problem: 'the test ended with code 3' },
    ];
    await view.send({
      kind: 'state',
      state: exampleState([exampleView('0002-fashion', 'running', { duringTraining })]),
    });
    const chart = view.page.getByRole('slider', { name: 'Accuracy of generated networks by training step' });
    await chart.focus();
    await view.page.keyboard.press('End');
    expect(await chart.getAttribute('aria-valuetext')).toBe('step 1,000: accuracy 80.00 %');
    await view.page.getByText('Accuracy beside the training as a table').click();
    const rows = view.page.locator('#table-training-tests tbody tr');
    expect(await rows.allTextContents()).toEqual(
      expect.arrayContaining([expect.stringContaining('the test ended with code 3')]),
    );
  });

  it('selects runs by picker and by comparison', async () => {
    const view = await open();
    const runs = [exampleRun('0003-a'), exampleRun('0002-b', 'finished'), exampleRun('0001-c', 'failed')];
    await view.send({ kind: 'state', state: { ...exampleState([exampleView('0003-a')]), runs } });
    await view.page.getByText('Compare with…').click();
    await view.page.locator('vscode-checkbox[label^="0001-c"]').click();
    await view.page.getByLabel('Run shown').selectOption('0002-b');
    expect(await intentsOf(view, 'select')).toEqual([
      { kind: 'select', runs: ['0003-a', '0001-c'] },
      { kind: 'select', runs: ['0002-b'] },
    ]);
  });

  it('asks to choose a run where none is selected', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: { ...exampleState([]), runs: [exampleRun('0001-c', 'failed')] } });
    expect(await view.page.getByLabel('Run shown').locator('option:checked').textContent()).toBe('Choose a run…');
    await view.page.getByLabel('Run shown').selectOption('0001-c');
    expect(await intentsOf(view, 'select')).toEqual([{ kind: 'select', runs: ['0001-c'] }]);
  });

  it('shows what runs now and cancels it', async () => {
    const view = await open();
    const job = {
      id: 'j1',
      title: 'Evaluating 0002-fashion',
      run: '0002-fashion',
      fraction: 0.25,
      message: 'Testing 5 of 20',
      end: 'cancel' as const,
    };
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')], { jobs: [job] }) });
    await view.page.getByText('Testing 5 of 20').waitFor();
    await view.page.getByRole('button', { name: 'Cancel Evaluating 0002-fashion' }).click();
    expect(await intentsOf(view, 'cancel')).toEqual([{ kind: 'cancel', job: 'j1' }]);
  });

  it('has one Stop for a training: that of the run shown, or beside its line', async () => {
    const view = await open();
    const job = { id: 'j1', title: 'Training zoo', run: '0003-zoo', fraction: 0.5, message: '', end: 'stop' as const };
    const [training, other] = [exampleView('0003-zoo', 'running'), exampleView('0002-fashion')];
    await view.send({ kind: 'state', state: exampleState([training, other], { jobs: [job] }) });
    await view.page.locator('.job-title').waitFor();
    expect(await view.page.getByRole('button', { name: /Stop|Cancel/ }).count()).toBe(1);
    await view.send({ kind: 'state', state: exampleState([other, training], { jobs: [job] }) });
    await view.page.getByRole('button', { name: 'Stop Training zoo: its last step is saved' }).click();
    expect(await intentsOf(view, 'act')).toEqual([{ kind: 'act', run: '0003-zoo', action: 'stop' }]);
    expect(await view.page.getByRole('button', { name: 'Cancel' }).count()).toBe(0);
  });

  it('opens files, and unfolds a section that the host wants to show', async () => {
    const view = await open({ saved: { collapsed: ['files'] } });
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'show', section: 'files' });
    await view.page.getByRole('button', { name: 'metrics.jsonl' }).click();
    expect(await intentsOf(view, 'open')).toEqual([
      { kind: 'open', path: '/workspace/.rpg/runs/0002-fashion/metrics.jsonl' },
    ]);
  });

  it('shows names with markup, quotes and other scripts as they are', async () => {
    const view = await open();
    const name = `<img src=x onerror="1"> 'ü' 网络 \u202e.pth`;
    const base = exampleView('0002-fashion');
    await view.send({
      kind: 'state',
      state: exampleState([{ ...base, files: [{ path: `/w/${name}`, title: name, kind: 'file' }] }]),
    });
    expect(await view.page.locator('.section-files .link').first().textContent()).toBe(name);
  });

  it('says what is missing before the first evaluation and the first step', async () => {
    const view = await open();
    await view.send({
      kind: 'state',
      state: exampleState([exampleView('0002-fashion', 'running', { evaluation: null, samples: [] })]),
    });
    await view.page.getByText('The loss appears here with the first training step.').waitFor();
    expect(await view.page.getByText('This run has not been evaluated').count()).toBe(3);
  });
});
