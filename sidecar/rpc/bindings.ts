// Every operation of the protocol with its use case, and what only a server needs to know of some: whether they run the
// person's own commands.
import { operationList, type OperationName, type ParamsOf, type ProgressOf } from '../../protocol/operations';
import { listDatasets } from '../datasets/datasetStore';
import { implementations } from '../app/registry';
import { findRun, readRun } from '../runs/runStore';
import type { Binding, BoundOperation } from './bind';

/** Built-in tests run none of the person's programs. */
async function hasTestCommand(run: string, workspace: string): Promise<boolean> {
  const { dataset } = await readRun(await findRun(workspace, run));
  return listDatasets(workspace).some(({ name, testCommand }) => name === dataset.name && testCommand !== null);
}

/** What the server must know of an operation besides what it does. */
type ServerFacts<Name extends OperationName> = Pick<Binding<ParamsOf<Name>, unknown, ProgressOf<Name>>, 'runsCommands'>;

const serverFacts: { readonly [Name in OperationName]?: ServerFacts<Name> } = {
  generate: { runsCommands: ({ run, test }, workspace) => (test ? hasTestCommand(run, workspace) : false) },
  checkSetUp: { runsCommands: params => params.isTrusted },
  evaluateRun: {
    runsCommands: ({ run, test, weightsOnly }, workspace) =>
      weightsOnly ? false : test !== undefined || hasTestCommand(run, workspace),
  },
};

export const bindings: readonly BoundOperation[] = operationList.map(([name, operation]) => {
  const bound = { operation, run: implementations[name], ...serverFacts[name] };
  return bound as unknown as BoundOperation; // parameters only ever arrive under this very method name
});
