// What can be wrong with a checkpoint file. Each names the file, the value seen and what to do.
import { userError, type RpgError } from '../util/rpgError';

/** The bytes contradict the format: truncated, overwritten or forged. */
export function damagedFile(path: string, what: string): RpgError {
  return userError('damaged-file', `${path}: damaged file, ${what}; copy or save it again`, { path, what });
}

/** Whole, but none of the formats read here. */
export function notACheckpoint(path: string, found: string): RpgError {
  return userError(
    'not-a-checkpoint',
    `${path}: not a checkpoint (${found}); expected a file of torch.save, a safetensors file, or a folder with adapter_config.json`,
    { path, found },
  );
}

/** A known format, but a part of it that is not read here. */
export function unsupportedContent(path: string, what: string, remedy: string): RpgError {
  return userError('unsupported-content', `${path}: ${what}; ${remedy}`, { path, what });
}

/** The pickle names a class or function that is neither a tensor constructor nor a plain container. It is never run. */
export function forbiddenGlobal(path: string, global: string): RpgError {
  return userError(
    'forbidden-global',
    `${path}: the pickle refers to ${printable(global)}, which is not a tensor or a plain container; nothing was run. ` +
      'Save only tensors, for example torch.save(model.state_dict(), path)',
    { path, global },
  );
}

/** More memory than any honest file of this kind needs. */
export function overLimit(path: string, what: string, value: number, limit: number, unit: string): RpgError {
  return userError('over-limit', `${path}: ${what} is ${value} ${unit}, over the limit of ${limit} ${unit}`, {
    path,
    what,
    value,
    limit,
  });
}

/** A tensor or dictionary asked for by a name the file does not hold. */
export function noSuchEntry(path: string, kind: string, name: string, available: readonly string[]): RpgError {
  const shown = available.slice(0, 8).map(quoted).join(', ') + (available.length > 8 ? ', …' : '');
  return userError('no-such-entry', `${path}: no ${kind} ${quoted(name)}; it holds ${shown || 'none'}`, {
    path,
    name,
    available,
  });
}

/** What was asked to be written does not fit the format. */
export function cannotWrite(path: string, what: string, remedy: string): RpgError {
  return userError('cannot-write', `${path}: ${what}; ${remedy}`, { path, what });
}

/** Names out of a file, safe to print: no control characters, bounded length. */
export function printable(text: string): string {
  const clean = text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean;
}

const quoted = (name: string): string => `'${printable(name)}'`;
