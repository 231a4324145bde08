import type { TypeProblem } from '../protocol.ts';
import type { Span } from './pipelineSyntax.ts';

/** What only a type checker knows, in as few words as the features need, so that the checker behind it can be replaced. */
export interface SemanticFacts {
  /**
   * Where TypeScript itself reports errors in the text that the editor shows. Answers at once with what is known, perhaps of an
   * older text; where that is not this text, a look at it begins, and `onChange` tells when its answer is another one.
   */
  errors(path: string, text: string): readonly Span[];
  /** The type of the records at the operator whose method's name begins there, as TypeScript writes it; null where it is not known. */
  recordTypeAt(path: string, offset: number): Promise<string | null>;
  /** What TypeScript reports in a pipeline and in the user's modules that it imports, as they are now; null where it is not known. */
  errorsWithImports(path: string): Promise<readonly TypeProblem[] | null>;
  /** Files on disk have changed: what is known of errors may be wrong. */
  filesChanged(): void;
  forget(path: string): void;
  dispose(): void;
}

/** What the facts are made from, and who hears of them. */
export interface SemanticSources {
  /** Texts that the editor shows, by path: they count, not the files. */
  readonly openTexts: () => ReadonlyMap<string, string>;
  readonly onChange: () => void;
  readonly warn: (message: string) => void;
}

export const noSemantics: SemanticFacts = {
  errors: () => [],
  recordTypeAt: () => Promise.resolve(null),
  errorsWithImports: () => Promise.resolve(null),
  filesChanged: () => undefined,
  forget: () => undefined,
  dispose: () => undefined,
};
