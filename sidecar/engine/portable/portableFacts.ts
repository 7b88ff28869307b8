// What every device of the portable engine offers; each says for itself where it differs.
import type { DeviceFacts } from '../engine';

export const portableFacts: DeviceFacts = {
  kind: 'processor',
  sharesHost: true,
  ownsMemory: false,
  workersPerCore: false,
  slicesTokens: false,
  precisions: ['float32'],
  fastPrecision: 'float32',
  optimizerStates: ['float32'],
};
