// Names of tensors.

/** What all names begin with, up to a dot: `module.` of `module.conv.weight` and `module.fc.bias`. Empty where nothing is left without it. */
export function commonPrefix(names: readonly string[]): string {
  const [first] = names;
  if (first === undefined || names.length < 2) return '';
  let prefix = '';
  for (const part of first.split('.').slice(0, -1)) {
    const longer = `${prefix}${part}.`;
    if (!names.every(name => name.startsWith(longer))) break;
    prefix = longer;
  }
  return prefix;
}
