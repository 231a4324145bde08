import { operatorIdOf } from './operatorId.ts';

/**
 * Which of the texts are uids of the operators: an operator's id is the hash of its uid, so a text that hashes to it is the uid, wherever it
 * was found. The committers that Flink adds to a sink are found by the sink's uid.
 */
export function uidsOfOperators(operatorIds: Iterable<string>, texts: Iterable<string>): Map<string, string> {
  const wanted = new Set(operatorIds);
  const found = new Map<string, string>();
  for (const text of texts) {
    if (found.size === wanted.size) break;
    for (const uid of [text, `Sink Committer: ${text}`, `Sink ${text} Global Committer`]) {
      const id = operatorIdOf(uid);
      if (wanted.has(id)) found.set(id, uid);
    }
  }
  return found;
}
