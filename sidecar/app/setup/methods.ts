// The methods there are, in words.
import type { MethodInfo } from '../../../protocol/methods';
import { methods as allMethods } from '../../methods/registry';

export async function methods(): Promise<MethodInfo[]> {
  return allMethods.map(({ id, title, about, source }) => ({ id, title, about, source }));
}
