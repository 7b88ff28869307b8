// The command of an operation that needs nothing and whose descriptor says how its result is shown: a text document.
import type { AnyOperation } from '../../protocol/operations';
import type { Operation } from '../../protocol/operation';
import { showReport } from '../editors/reports';
import { reportText } from '../text/reports';
import type { RpgCommand } from './command';

export function reportCommand(operation: AnyOperation): RpgCommand {
  return {
    async run({ client }) {
      // The casts: an operation with a report of its own and no command takes no parameters, and its report takes its result.
      const result = await client.call(operation as unknown as Operation<object, unknown>, {});
      const report = operation.report?.(result as never);
      if (report) await showReport(report.title, reportText(report));
      return result;
    },
  };
}
