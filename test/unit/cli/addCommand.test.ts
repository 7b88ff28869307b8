// A subcommand made of nothing but a descriptor.
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { described, operation } from '../../../protocol/operation';
import { addCommand } from '../../../sidecar/cli/addCommand';
import type { Cli } from '../../../sidecar/cli/cliCommand';

interface Params {
  path: string;
  testSteps?: number;
  weightsOnly?: boolean;
  test?: string;
  data: string | null;
}

const look = described(operation<Params, Params>('look'), {
  activity: 'Looking',
  params: {
    path: { kind: 'text', at: 'argument' },
    testSteps: { kind: 'whole' },
    test: { kind: 'text' },
    weightsOnly: { kind: 'flag', name: 'no-test' },
    data: { kind: 'text', default: null },
  },
  cli: { name: 'look', description: 'looks' },
  report: ({ path, testSteps = 0 }) => ({
    title: 'Look',
    tables: [{ columns: [{ title: 'path' }, { title: 'steps', format: 'count' }], rows: [[path, testSteps]] }],
  }),
});

async function typed(...words: string[]): Promise<{ printed: string; asked: unknown }> {
  let printed = '';
  let asked: unknown;
  // The cast: what this command uses of the terminal.
  const cli = {
    run: async (work: (params: unknown, context: never) => Promise<unknown>, params: unknown) =>
      work((asked = params), undefined as never),
    print: (line = '') => (printed += `${line}\n`),
    printJson: (value: unknown) => (printed += JSON.stringify(value)),
  } as unknown as Cli;
  const program = new Command().exitOverride();
  addCommand(program, cli, { operation: look as never, implementation: async params => params });
  await program.parseAsync(['look', ...words], { from: 'user' });
  return { printed, asked };
}

it('prints the report of its descriptor', async () => {
  const { printed, asked } = await typed('a.pth', '--test-steps', '2000');
  expect(asked).toEqual({ path: 'a.pth', testSteps: 2000, data: null });
  expect(printed).toContain('a.pth  2,000');
});

it('prints JSON where it is asked to, and gives a negated flag to its own parameter', async () => {
  const { printed } = await typed('a.pth', '--no-test', '--json');
  expect(JSON.parse(printed)).toEqual({ path: 'a.pth', weightsOnly: true, data: null });
});
