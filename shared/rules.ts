// What a text may be before anything is done with it: rules that the editor checks while one types and the sidecar checks again.
// Each side has words of its own for what is wrong.

/** Letters, digits, dot, dash and underscore of any script; no path, no hidden file, not longer than a file name may be. */
export const isDatasetName = (text: string): boolean => /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,99}$/u.test(text);

/** A dataset's name made of a folder's, at most `longest` characters. */
export const datasetNameFrom = (folderName: string, longest: number): string =>
  folderName
    .replace(/[^\p{L}\p{N}_.-]+/gu, '-')
    .replace(/^[-.]+/, '')
    .slice(0, longest) || 'dataset';

/** A slash would put a file elsewhere than asked, or nowhere after all the work. */
export const isFileNamePart = (text: string): boolean => /^[^/\\\p{Cc}]+$/u.test(text);

/** Noise of DDIM. */
export const isEta = (value: number): boolean => value >= 0 && value <= 1;

/** The number of a task of `taskBits` bits. */
export const isTask = (value: number, taskBits: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value < 2 ** taskBits;

/** Where a test command takes the checkpoint. */
export const filePlaceholder = '{file}';
