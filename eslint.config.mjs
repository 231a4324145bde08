import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'build/**',
      '.cache/**',
      'examples/**',
      'extension/templates/**',
      '**/*.mjs',
      '**/*.cjs',
      '**/*.mts',
      '**/*.js',
      '**/fixtures/**',
      'media/**',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: [
          'engine/tsconfig.json',
          'engine/tsconfig.host.json',
          'server/tsconfig.json',
          'webview/tsconfig.json',
          'extension/tsconfig.json',
          'test/tsconfig.json',
          'bench/nexmark/tsconfig.json',
          'bench/diff/tsconfig.json',
          'bench/snapshots/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    // No operator sees the wall clock, chance or a global: all come through the context, so that a run can be replayed.
    files: ['engine/src/**/*.ts'],
    ignores: ['engine/src/host/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'Buffer',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'Date',
        'performance',
        'globalThis',
      ],
      'no-restricted-properties': ['error', { object: 'Math', property: 'random' }, { object: 'Date', property: 'now' }],
    },
  },
  {
    // Folders are removed with what is in them by one function, which demands the marker of a folder that Tidemark made.
    files: ['{engine,server,extension,webview}/src/**/*.ts'],
    ignores: ['server/src/ownFolder.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...['callee.name', 'callee.property.name'].map((callee) => ({
          selector: `CallExpression[${callee}=/^(rm|rmdir)(Sync)?$/] Property[key.name="recursive"]`,
          message: 'Use removeOwnFolder (server/src/ownFolder.ts): nothing else removes a folder with what is in it.',
        })),
      ],
    },
  },
  {
    // Tests look into JSON and build wrong input on purpose.
    files: ['**/test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-plus-operands': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
);
