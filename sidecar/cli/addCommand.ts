// Makes `rpg NAME` of an operation's descriptor: arguments and options with their help, parameters of what was typed, and the
// result as JSON, by the command's own printer, or as the descriptor's report.
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ParameterWords } from '../../protocol/operation';
import type { AnyOperation } from '../../protocol/operations';
import { isEmptyReport } from '../../protocol/report';
import type { OperationFunction } from '../app/context';
import type { Cli, CliCommand } from './cliCommand';
import { printReport } from './printReport';

/** One command's additions, whichever operation it belongs to. */
type AnyCliCommand = CliCommand<never>;

interface Described {
  readonly operation: AnyOperation;
  readonly implementation: OperationFunction<unknown, unknown>;
  readonly own?: AnyCliCommand;
}

type Typed = Readonly<Record<string, unknown>>;
type Table = readonly (readonly [param: string, words: ParameterWords])[];

/** Adds the subcommand of an operation that has one. */
export function addCommand(program: Command, cli: Cli, { operation, implementation, own = {} }: Described): void {
  const { cli: words, activity = '', params = {} } = operation;
  if (!words) return;
  const device = words.choosesDevice ? deviceParams : [];
  const table: Table = Object.entries<ParameterWords | undefined>(params).flatMap(([param, given]) =>
    given ? [[param, { ...given, help: helpOf(own, param) ?? given.help }] as const] : [],
  );
  const command = program.command(words.name).description(own.description ?? words.description);
  const positional = table.filter(([, { at }]) => at !== undefined);
  for (const [param, given] of positional) command.argument(placeholderOf(param, given), given.help);
  const json = new Option('--json', words.json?.help ?? 'print JSON');
  if (words.json?.isFirst) command.addOption(json);
  const before = own.extraFlag?.before;
  const extra = own.extraFlag && new Option(`--${own.extraFlag.name}`, own.extraFlag.help);
  for (const [param, given] of table) {
    if (extra && before === param) command.addOption(extra);
    if (given.at === undefined) command.addOption(optionOf(param, given));
  }
  if (extra && before === undefined) command.addOption(extra);
  if (!words.json?.isFirst) command.addOption(json);
  for (const [param, given] of device) command.addOption(optionOf(param, given));
  command.action(async () => {
    const typed = command.opts<Typed>();
    const given = paramsOf([...table, ...device], positional, command.processedArgs, typed);
    const isJson = typed.json === true;
    if (own.run) {
      const isExtra = extra !== undefined && typed[extra.attributeName()] === true;
      return own.run(given as never, { cli, json: isJson, isExtra }); // made by the table of this operation
    }
    const options = { title: activity, json: isJson };
    const result = await cli.run(implementation, given, options);
    if (isJson) cli.printJson(result);
    else show(result, cli, operation, own);
  });
}

function show(result: unknown, cli: Cli, { report }: AnyOperation, own: AnyCliCommand): void {
  if (own.print) {
    own.print(result as never, cli); // the result of the operation it was declared for
    return;
  }
  const made = report?.(result as never); // as above
  if (!made) cli.printJson(result);
  else if (own.whenEmpty !== undefined && isEmptyReport(made)) cli.print(own.whenEmpty);
  else printReport(made, cli);
}

const deviceParams: Table = [
  ['engine', { kind: 'text', help: 'portable or cuda (default: the best that is available; see rpg devices)' }],
  ['device', { kind: 'text', help: 'native, wasm, cpu, webgpu or tensorflow, or the number of a CUDA card' }],
];

function helpOf(own: AnyCliCommand, param: string): string | undefined {
  return (own.help as Readonly<Record<string, string>> | undefined)?.[param]; // keyed by the parameters of its operation
}

/** `testOne` → `test-one`. */
const nameOf = (param: string, { name }: ParameterWords): string =>
  name ?? param.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

function placeholderOf(param: string, words: ParameterWords): string {
  const name = nameOf(param, words);
  return words.at === 'optionalArgument' ? `[${name}]` : `<${name}>`;
}

function optionOf(param: string, words: ParameterWords): Option {
  const { kind, placeholder, help, choices, isRequired } = words;
  const name = nameOf(param, words);
  const isSwitch = kind === 'flag' || kind === 'unless';
  const option = new Option(isSwitch ? `--${name}` : `--${name} <${placeholder ?? name}>`, help);
  if (isRequired) option.makeOptionMandatory();
  if (choices) option.choices(choices);
  if (typeof words.default === 'number' || typeof words.default === 'string') option.default(words.default);
  const parse = parserOf(words);
  if (parse) option.argParser(parse);
  return option;
}

function parserOf({ kind, orWords = [], least }: ParameterWords): ((text: string, before: unknown) => unknown) | null {
  switch (kind) {
    case 'whole':
      return text => {
        if (orWords.includes(text)) return text;
        const value = wholeNumber(text);
        if (least && value < least.value) throw new InvalidArgumentError(least.otherwise);
        return value;
      };
    case 'real':
      return realNumber;
    case 'wholes':
      return wholeNumbers;
    case 'texts':
      return (text, before) => [...((before as readonly string[] | undefined) ?? []), text]; // what this made before
    case 'text':
    case 'flag':
    case 'unless':
    case 'choice':
      return null;
    default:
      return kind satisfies never;
  }
}

/** What the operation is given: arguments by their place, options by their names; what was not typed is left out. */
function paramsOf(table: Table, positional: Table, typedArguments: readonly unknown[], typed: Typed): object {
  const params: Record<string, unknown> = {};
  for (const [param, words] of table) {
    const place = positional.findIndex(([name]) => name === param);
    const value = place < 0 ? optionValue(optionOf(param, words), words, typed) : typedArguments[place];
    if (value !== undefined) params[param] = value;
    else if (words.default === null) params[param] = null;
    else if (words.kind === 'texts') params[param] = [];
  }
  return params;
}

function optionValue(option: Option, { kind, means }: ParameterWords, typed: Typed): unknown {
  const value = typed[option.attributeName()];
  if (kind === 'unless') return value;
  // `--no-test` is false under the name of `--test`: true for the flag, and no value of the text.
  if (kind === 'flag') return value === !option.negate ? (means ?? true) : undefined;
  return value === false ? undefined : value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('It is not a whole number.');
  return value;
}

function realNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a number.');
  return value;
}

function wholeNumbers(text: string): number[] {
  const values = text.split(',').map(part => Number(part.trim()));
  if (values.some(value => !Number.isInteger(value) || value < 0))
    throw new InvalidArgumentError('Give numbers, such as 279,12.');
  return values;
}
