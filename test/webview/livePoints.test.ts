// A hundred thousand live points, and every export, through the built page.
import { expect, it } from 'vitest';
import { describePages, intentsOf } from './support/browserTests';
import { exampleMetrics, exampleState, exampleView } from './support/exampleStates';

describePages('The curves', open => {
  it('take a hundred thousand points at once and more as they come, and show the newest', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 100_000) });
    await view.page.getByText(/^Step 100,000: loss/).waitFor();
    for (let from = 100_000; from < 100_500; from += 50)
      await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', from, 50) });
    await view.page.getByText(/^Step 100,500: loss/).waitFor();
    expect(await intentsOf(view, 'resendMetrics')).toEqual([]);
  });

  it('draw a spike of one step in a hundred thousand', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    const flat = exampleMetrics('0002-fashion', 0, 100_000);
    const loss = flat.loss.map((_, index) => (index === 70_001 ? 1 : 0));
    await view.send({ kind: 'metrics', ...flat, loss });
    await view.page.getByText(/^Step 100,000: loss/).waitFor();
    // The canvas itself: a coloured pixel high above the flat line, where the spike must be.
    const nAbove = await view.page
      .locator('.line-chart canvas')
      .first()
      .evaluate(node => {
        const canvas = node as HTMLCanvasElement; // the cast: the selector says so
        const { width, height } = canvas;
        const x = Math.round(0.6 * width);
        const { data } = canvas.getContext('2d')!.getImageData(x, height * 0.3, width * 0.3, height * 0.3);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at + 2]! > 150 && data[at]! < 120) count++; // blue
        return count;
      });
    expect(nAbove).toBeGreaterThan(10);
  });

  it('are exported whole as CSV and as a drawing, and follow the logarithmic scale', async () => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.send({ kind: 'metrics', ...exampleMetrics('0002-fashion', 0, 5000) });
    await view.page.getByText(/^Step 5,000: loss/).waitFor();
    await view.page.getByRole('button', { name: 'Export the training curves as CSV' }).click();
    await view.page.getByRole('button', { name: 'Export the training curves as SVG' }).click();
    await view.page.locator('vscode-checkbox[label="Logarithmic"]').click();
    await view.page.getByRole('button', { name: 'Export the training curves as SVG' }).click();
    const [csv, linear, log] = (await intentsOf(view, 'export')) as { suggestedName: string; content: string }[];
    expect(csv!.suggestedName).toBe('0002-fashion-metrics.csv');
    expect(csv!.content.split('\r\n')).toHaveLength(5002);
    expect(csv!.content).toMatch(/^Step,Loss,Smoothed,Learning rate\r\n1,1/);
    expect(linear!.content).toMatch(/<polyline points="[\d., -]{1000,}/);
    expect(log!.content).not.toBe(linear!.content);
  });

  it.each([
    ['Export the evaluation as JSON', 'json', /"accuracy"/],
    ['Export the evaluation as CSV', 'csv', /^Networks,Best,Mean/],
    ['Export the evaluation as XLSX', 'xlsx', /^UEsD/],
    ['Export the scatter as SVG', 'svg', /Highest IoU with an original/],
    ['Export the heat map as CSV', 'csv', /originals-0001\.pth,1,/],
    ['Export the heat map as SVG', 'svg', /<rect/],
    ['Export the histogram as SVG', 'svg', /Share \(%\)/],
    ['Export the configuration as JSON', 'json', /"learningRate": 0.003/],
  ])('%s', async (label, format, content) => {
    const view = await open();
    await view.send({ kind: 'state', state: exampleState([exampleView('0002-fashion')]) });
    await view.page.getByRole('button', { name: label }).click();
    const [file] = await intentsOf(view, 'export');
    expect(file).toMatchObject({ format, encoding: format === 'xlsx' ? 'base64' : 'utf8' });
    expect(file!.content).toMatch(content);
  });
});
