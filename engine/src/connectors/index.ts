/** The package `tidemark/connectors`: where records come from and where they go. */
export * as files from './files.ts';
export { generator } from './generator.ts';
export type { GeneratorOptions } from './generator.ts';
export { collect, discard, print } from './plainSinks.ts';
export type { Collected } from './plainSinks.ts';
