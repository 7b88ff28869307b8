// How an editor and the sidecar it started begin and go on: a handshake that tells versions and capabilities, a heartbeat,
// and the log. Pickers and forms are built from the capabilities, so that a new format, model or recipe needs no change there.
import { operation } from './operation';

/** Raised whenever an older other side would misunderstand a message. */
export const protocolVersion = 1;

export interface InitializeParams {
  protocolVersion: number;
  /** Absolute path of the folder that holds `.rpg/`. */
  workspace: string;
  /** Off: the person's own commands (tests) are refused. */
  isTrusted: boolean;
}

export interface InitializeResult {
  protocolVersion: number;
  /** Of the product. */
  version: string;
  pid: number;
  node: string;
  capabilities: Capabilities;
}

/** Everything a person can choose from, but devices: those are probed, by `devices`. */
export interface Capabilities {
  checkpointFormats: { id: string; title: string; extensions: string[]; isWritten: boolean }[];
  presets: PresetInfo[];
  recurrentModels: string[];
  /** The quickest first. `options`: those that the sampler pays heed to. */
  samplers: {
    name: 'ddpm' | 'ddim';
    title: string;
    defaultSteps: number | null;
    options: ('steps' | 'spacing' | 'eta')[];
  }[];
  zooRecipes: { name: string; title: string }[];
  /** What an evaluation makes networks of, to hold the generated ones against; `distinct`: how many different ones there are at most. */
  baselines: { name: string; title: string; minOriginals: number; distinct: number | null }[];
}

interface PresetInfo {
  name: string;
  title: string;
  /** Generates for a task: its dataset needs a class in every file name. */
  isForTasks: boolean;
}

/** The first request. *Errors* `protocol-mismatch`. */
export const initialize = operation<InitializeParams, InitializeResult>('initialize');

/** Answered at once unless the sidecar hangs. */
export const ping = operation<Record<string, never>, { residentBytes: number }>('ping');

/** The person trusts the workspace now. */
export const trustWorkspace = operation<Record<string, never>, null>('trustWorkspace');

/** A notification from the sidecar. */
export const logMethod = 'log';
export interface LogMessage {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}
