// Typed linting for every program. Formatting is prettier's; who may import whom is dependency-cruiser's.
import tseslint from 'typescript-eslint';

/** Editors show what the sidecar says: a flag among other words, or one that is about to be put together. */
const flagsOfTheCommandLine = ['Literal[value=PATTERN]', 'TemplateElement[value.raw=PATTERN]'].map(selector => ({
  selector: selector.replace('PATTERN', String.raw`/(^|[\s\(])--([\w-]+[\s,;.:\)]|$)|[\s\(]--[a-z]|\brpg [a-z]+ /`),
  message: 'Editors show this too: name no flag of the command line, but a remedy (protocol/errors.ts).',
}));

/** Outside the engines nothing depends on which of them it is. */
const namesOfEngines = [
  'BinaryExpression[operator=/^[!=]==?$/] > Literal[value=NAME]',
  'SwitchCase > Literal[value=NAME]',
  'CallExpression[callee.property.name="includes"] Literal[value=NAME]',
].map(selector => ({
  selector: selector.replace('NAME', '/^(portable|cuda|cpu|wasm|native|webgpu|tensorflow)$/'),
  message: 'Ask what a device can (DeviceFacts, or a field of its report), not what it is called.',
}));

const calledByHand = {
  selector: "MemberExpression[property.name='executeCommand']",
  message: 'Call runCommand (src/runCommand.ts): it knows which commands there are.',
};

/** Names that only sidecar/runs knows, in any literal; `samples` and `state` are words of other subjects too. */
const runFileNames = {
  selector: String.raw`Literal[value=/^(evaluations|(.*\/)?(run\.json|(log|metrics)\.jsonl|weights\.pth))$/]`,
  message: "A run folder's files are sidecar/runs': ask one of its functions.",
};
const samplesOfRun = {
  selector: "CallExpression[callee.property.name='join'] > Literal[value=/^(samples|state)$/]",
  message: runFileNames.message,
};

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.workbench/**', '**/*.cjs', '.rpg/**', 'build/**'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess: `!` after a proven index
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/require-await': 'off', // contracts are async where an implementation may not be
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/prefer-for-of': 'off', // indexed loops over typed arrays are several times faster
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'no-console': 'error', // the sidecar speaks through its log and its front doors only
    },
  },
  { files: ['webview/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...namesOfEngines] } },
  {
    files: ['shared/**/*.ts', 'sidecar/**/*.ts', 'protocol/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...flagsOfTheCommandLine, ...namesOfEngines, runFileNames, samplesOfRun],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/runCommand.ts'],
    rules: { 'no-restricted-syntax': ['error', ...flagsOfTheCommandLine, ...namesOfEngines, calledByHand] },
  },
  {
    // Style sheets and a Python program are full of dashes; the command line may speak of its own options.
    files: [
      'sidecar/cli/**/*.ts',
      'sidecar/evaluation/reportStyle.ts',
      'sidecar/zoo/testScript.ts',
      'sidecar/rpc/server.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...namesOfEngines, runFileNames, samplesOfRun] },
  },
  {
    files: ['sidecar/engine/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...flagsOfTheCommandLine, runFileNames, samplesOfRun] },
  },
  { files: ['sidecar/runs/runFiles.ts'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['scripts/**', 'test/**'], rules: { 'no-console': 'off' } },
);
