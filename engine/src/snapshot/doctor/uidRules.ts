import type { OperatorHeaders } from '../snapshotHeaders.ts';
import { argumentOf, uidOf, type Examination } from './examination.ts';
import type { DoctorFinding } from './finding.ts';
import { hasState } from './operatorStates.ts';
import { counted, inOperator, WHOLE } from './place.ts';
import { isPlannerMade } from './sqlRules.ts';
import { shellOption } from './shellWord.ts';

const FIRST_VERSION_WITH_UIDS = 5;

/** Without a uid an operator's id is a hash of the job graph: any change of the graph loses its state. */
export function* uidFindings(examination: Examination): Generator<DoctorFinding> {
  const { metadata, operators } = examination.headers;
  const nameless = operators.filter(
    (operator) => hasState(operator) && uidOf(examination, operator) === null && !isPlannerMade(examination, operator),
  );
  if (metadata.version >= FIRST_VERSION_WITH_UIDS || nameless.length === 0) {
    for (const operator of nameless) yield noUid(examination, operator);
    return;
  }
  const isAny = operators.some((operator) => uidOf(examination, operator) !== null);
  if (!isAny) {
    yield {
      ...WHOLE,
      severity: 'info',
      code: 'unknownUid',
      message: `Metadata before version ${String(FIRST_VERSION_WITH_UIDS)} has only hashes of uids: which of ${counted(nameless.length, 'operator')} with state were given one cannot be said.`,
      remedy: "Give the job's uids, one a line: --uids FILE.",
    };
    return;
  }
  for (const operator of nameless) {
    yield {
      ...inOperator(examination, operator),
      severity: 'warning',
      code: 'unknownUid',
      message: `None of the uids that are known has this operator's hash: it was given none, and the next change of the job may lose its state; or it was given one that is not known here.`,
      remedy: noUidRemedy(examination, operator),
    };
  }
}

function noUid(examination: Examination, operator: OperatorHeaders): DoctorFinding {
  return {
    ...inOperator(examination, operator),
    severity: 'warning',
    code: 'noUid',
    message: `It was given no uid: its id ${operator.metadata.operatorId} is a hash of the job graph, and the next change of the graph loses its state.`,
    remedy: noUidRemedy(examination, operator),
  };
}

function noUidRemedy(examination: Examination, operator: OperatorHeaders): string {
  const uid = proposedUid(examination, operator);
  return `Keep the id in the job: setUidHash("${operator.metadata.operatorId}"). Or give it a uid there, such as uid("${uid}"), and the same here:\ntidemark edit SNAPSHOT --out OUT ${shellOption('rename-uid', `${argumentOf(examination, operator)}=${uid}`)}`;
}

/** Made of its name; with a part of its id where that is another operator's. */
function proposedUid(examination: Examination, operator: OperatorHeaders): string {
  const { name, operatorId } = operator.metadata;
  const words = (name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const uid = words === '' ? 'operator' : words.slice(0, 40);
  const others = examination.headers.operators.filter((each) => each !== operator);
  const isFree = others.every((each) => each.metadata.name !== name && uidOf(examination, each) !== uid);
  return words !== '' && isFree ? uid : `${uid}-${operatorId.slice(0, 8)}`;
}
