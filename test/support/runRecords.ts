// A run's record as `createRun` wants it, of a small dataset that need not be there.
import { defaultConfig } from '../../sidecar/config/draftConfig';
import { runFormatVersion, type RecordedStatus, type RunRecord } from '../../protocol/runRecords';

export function recordOf(id: string, status: RecordedStatus = 'running'): RunRecord {
  const config = defaultConfig();
  return {
    formatVersion: runFormatVersion,
    id,
    createdAt: '2026-01-01T00:00:00Z',
    config: { ...config, name: 'zoo', training: { ...config.training, precision: 'float32' } },
    dataset: { name: 'zoo', folder: '/zoo', fingerprint: 'f', nCheckpoints: 3, nTokens: 5, nWeights: 7 },
    engine: { engine: 'portable', device: 'wasm', description: '', reasons: [] },
    workers: 1,
    nParameters: 11,
    init: null,
    parent: null,
    versions: {},
    status,
    failure: null,
  };
}
