import type { CodegenConfig } from '@graphql-codegen/cli';

// Types of the operations in *.graphql, from the schema's own files: what does not fit does not compile.
const config: CodegenConfig = {
  schema: '../graph/*.graphqls',
  documents: 'src/**/*.graphql',
  ignoreNoDocuments: true,
  generates: {
    'src/graphql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        scalars: { Credits: 'string', USD: 'string', Time: 'string', Cursor: 'string', BigInt: 'string', ID: 'string' },
        enumsAsTypes: true,
        useTypeImports: true,
        skipTypename: true,
        immutableTypes: true,
      },
    },
    'src/graphql/keyless.ts': { plugins: ['./codegen-keyless.cjs'] },
  },
};

export default config;
