// What a configuration and a dataset's structure come to, made once: the model's sizes, and where each weight lies in its tokens.
import type { ResolvedRunConfig } from '../../../protocol/runConfig';
import type { ModelSpec } from '../../model/modelSpec';
import type { Structure } from '../../tokenizer/structure';
import type { TokenLayout } from '../../tokenizer/tokenLayout';

export interface TokenModel {
  readonly config: ResolvedRunConfig;
  readonly spec: ModelSpec;
  readonly structure: Structure;
  readonly layout: TokenLayout;
  readonly nCheckpoints: number;
}
