/** A run from the beginning would mix with, or lose, the results of an earlier run, and was not told to overwrite them. */
export class ResultsExist extends Error {
  override readonly name = 'ResultsExist';
}
