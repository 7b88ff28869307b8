// Which dictionary of a nested checkpoint is the network: trainers keep the weights, their average and more in one file.
import type { DictionaryRecord } from '../../../protocol/checkpoints';
import { openCheckpoint } from '../../checkpoint/registry';
import { mayBeNetwork } from '../../checkpoint/torchDictionaries';
import { listCheckpoints } from '../../datasets/checkpointFolder';
import { describeDictionary } from './inspect';

/** Only the first file's index is read. *Errors* `no-checkpoints`, and those of opening it. */
export async function candidateDictionaries({ folder }: { folder: string }): Promise<DictionaryRecord[]> {
  const [first] = listCheckpoints(folder).files;
  const checkpoint = openCheckpoint(first!.path);
  try {
    return checkpoint.dictionaries.filter(mayBeNetwork).map(describeDictionary);
  } finally {
    checkpoint.dispose();
  }
}
