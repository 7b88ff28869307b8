// A PEFT adapter (LoRA, DoRA): a folder of adapter_config.json and adapter_model.safetensors (or the older .bin). The
// configuration is kept as text and written back unchanged, so that the generated adapter loads with its base model.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { writeFolderAtomically } from '../util/atomicFile';
import { fileError } from '../util/rpgError';
import { cannotWrite, damagedFile, notACheckpoint, overLimit } from './errors';
import type { CheckpointContent, CheckpointFormat, OpenCheckpoint, WriteOptions } from './format';
import { safetensors } from './safetensors';
import { torchStream } from './torchStream';
import { torchZip } from './torchZip';

export const peft: CheckpointFormat = {
  id: 'peft',
  title: 'PEFT adapter folder (LoRA, DoRA)',
  extensions: [],
  generatedExtension: '',
  matches: (folder, head) => head === null && existsSync(path.join(folder, configName)),
  open: openPeft,
  write: writePeft,
};

const configName = 'adapter_config.json';
/** Attribute under which the configuration travels. */
export const adapterConfigAttribute = configName;
const modelNames = ['adapter_model.safetensors', 'adapter_model.bin'] as const;
const maxConfigBytes = 2 ** 20;

function openPeft(folder: string): OpenCheckpoint {
  const config = readConfig(path.join(folder, configName));
  const modelPath = modelNames.map(name => path.join(folder, name)).find(candidate => existsSync(candidate));
  if (!modelPath) throw notACheckpoint(folder, `${configName} without ${modelNames.join(' or ')}`);
  const inner = openModel(modelPath);
  const attributes = new Map([...inner.attributes, [adapterConfigAttribute, config.text]]);
  const kind = config.usesDora ? 'DoRA' : 'LoRA';
  const notes = [...inner.notes, `${kind} adapter of ${config.baseModel ?? 'an unnamed base model'}`];
  return { ...inner, path: folder, format: 'peft', attributes, notes, dispose: () => inner.dispose() };
}

function openModel(modelPath: string): OpenCheckpoint {
  if (modelPath.endsWith('.safetensors')) return safetensors.open(modelPath);
  try {
    return torchZip.open(modelPath);
  } catch (zipError) {
    // The older stream has no end record: whichever format recognises the file gives the better message.
    try {
      return torchStream.open(modelPath);
    } catch {
      throw zipError;
    }
  }
}

function readConfig(configPath: string): { text: string; usesDora: boolean; baseModel: string | null } {
  let text: string;
  try {
    const sizeBytes = statSync(configPath).size;
    if (sizeBytes > maxConfigBytes)
      throw overLimit(configPath, 'the adapter configuration', sizeBytes, maxConfigBytes, 'bytes');
    text = readFileSync(configPath, 'utf8');
  } catch (error) {
    throw fileError(configPath, 'read', error);
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw damagedFile(configPath, 'it is not JSON');
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw damagedFile(configPath, 'it is not a JSON object');
  const { use_dora: usesDora, base_model_name_or_path: baseModel } = config as Record<string, unknown>;
  return { text, usesDora: usesDora === true, baseModel: typeof baseModel === 'string' ? baseModel : null };
}

async function writePeft(folder: string, content: CheckpointContent, options: WriteOptions = {}): Promise<void> {
  const config = content.attributes.get(adapterConfigAttribute);
  if (config === undefined) {
    throw cannotWrite(
      folder,
      'the input has no adapter_config.json',
      'convert from an adapter folder, or choose a .pth or .safetensors output',
    );
  }
  if (existsSync(folder)) checkReplaceable(folder, options);
  const attributes = new Map(content.attributes);
  attributes.delete(adapterConfigAttribute);
  if (!attributes.has('format')) attributes.set('format', 'pt'); // transformers and PEFT refuse a file without it
  const fill = async (temporary: string): Promise<void> => {
    writeFileSync(path.join(temporary, configName), config);
    await safetensors.write!(
      path.join(temporary, modelNames[0]),
      { dictionary: content.dictionary, attributes },
      options,
    );
  };
  await writeFolderAtomically(folder, fill, options);
}

/** Only what is an adapter and nothing else is replaced: other files would be lost. */
function checkReplaceable(folder: string, { replace = false }: WriteOptions): void {
  const ours: readonly string[] = [configName, ...modelNames];
  const others = statSync(folder).isDirectory() ? readdirSync(folder).filter(name => !ours.includes(name)) : [];
  if (others.length > 0 || !replace) {
    const holds = others.length > 0 ? ` and holds ${others[0]!}` : '';
    throw cannotWrite(folder, `the folder exists already${holds}`, 'choose another name or remove it');
  }
}

/** Whether a folder is one adapter rather than a folder of checkpoints. */
export function existsAdapterConfig(folder: string): boolean {
  return existsSync(path.join(folder, configName));
}
