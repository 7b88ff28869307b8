// The words of the status bar.
import type { JobView } from '../../protocol/view';
import type { CommandId } from '../commandIds';
import type { SidecarState } from '../sidecarProcess';

export interface StatusText {
  readonly text: string;
  readonly tooltip: string;
  readonly command: CommandId;
  readonly isWarning: boolean;
}

export function statusText(jobs: readonly JobView[], sidecar: SidecarState): StatusText {
  if (sidecar.kind === 'failed')
    return { text: '$(warning) RPG', tooltip: sidecar.error.message, command: 'rpg.restartSidecar', isWarning: true };
  if (sidecar.kind === 'crashed') {
    const tooltip = `The sidecar ended (${sidecar.exit}); it is started again in ${(sidecar.retryMs / 1000).toFixed(0)} s`;
    return { text: '$(sync) RPG', tooltip, command: 'rpg.showLog', isWarning: true };
  }
  const [first, ...others] = jobs;
  if (!first) {
    const hello = sidecar.kind === 'ready' ? sidecar.hello : null;
    const tooltip = hello ? `RPG ${hello.version}, Node ${hello.node}` : 'RPG';
    return { text: '$(type-hierarchy) RPG', tooltip, command: 'rpg.openResults', isWarning: false };
  }
  const percent = first.fraction === null ? '' : ` ${Math.floor(100 * first.fraction)} %`;
  const more = others.length === 0 ? '' : ` +${others.length}`;
  const tooltip = jobs.map(({ title, message }) => (message === '' ? title : `${title}: ${message}`)).join('\n');
  return {
    text: `$(sync~spin) ${first.title}${percent}${more}`,
    tooltip,
    command: 'rpg.openResults',
    isWarning: false,
  };
}
