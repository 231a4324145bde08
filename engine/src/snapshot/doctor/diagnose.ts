import { comparisonFindings } from './comparisonRules.ts';
import { connectorFindings } from './connectorRules.ts';
import type { Examination } from './examination.ts';
import { fileFindings } from './fileRules.ts';
import { SEVERITIES, type DoctorFinding } from './finding.ts';
import { keyGroupFindings } from './keyGroupRules.ts';
import { keyFindings } from './keyRules.ts';
import { layoutFindings } from './layoutRules.ts';
import { serializerFindings } from './serializerRules.ts';
import { sqlFindings } from './sqlRules.ts';
import { statisticsFindings } from './statisticsRules.ts';
import { oneLine } from './shellWord.ts';
import { sinkFileFindings } from './sinkFileRules.ts';
import { sourceFindings } from './sourceRules.ts';
import { uidFindings } from './uidRules.ts';
import { unionFindings } from './unionRules.ts';
import { upgradeFindings } from './upgradeRules.ts';
import { windowFindings } from './windowRules.ts';

const RULES: readonly ((examination: Examination) => Iterable<DoctorFinding>)[] = [
  fileFindings,
  layoutFindings,
  comparisonFindings,
  uidFindings,
  sqlFindings,
  serializerFindings,
  upgradeFindings,
  connectorFindings,
  sinkFileFindings,
  sourceFindings,
  keyFindings,
  keyGroupFindings,
  windowFindings,
  statisticsFindings,
  unionFindings,
];

/** What in a snapshot will hurt later, the worst first. A function of what was looked at. */
export function diagnose(examination: Examination): DoctorFinding[] {
  const found = RULES.flatMap((rule) => [...rule(examination)].map((each) => ({ ...each, message: oneLine(each.message) })));
  return SEVERITIES.flatMap((severity) => found.filter((finding) => finding.severity === severity));
}
