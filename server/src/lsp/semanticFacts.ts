import type { Span } from './pipelineSyntax.ts';

/** What only a type checker knows, in as few words as the features need, so that the checker behind it can be replaced. */
export interface SemanticFacts {
  /** Where TypeScript itself reports errors in the text that the editor shows. Empty where it is not known. */
  errors(path: string): readonly Span[];
  /** The type of what stands there, as TypeScript writes it; null where it is not known. */
  typeAt(path: string, offset: number): string | null;
  dispose(): void;
}

export const noSemantics: SemanticFacts = { errors: () => [], typeAt: () => null, dispose: () => undefined };
