import { compileAggregates, ExpressionError, order } from '../analysis/expression.ts';

/** What must hold between two snapshots, or of the newer one. */
export interface Expectation {
  readonly text: string;
  /** One aggregate, such as `sum(value.balance)`. */
  readonly aggregate: string;
  /** Uid, name or id; null for all. */
  readonly operator: string | null;
  readonly state: string | null;
  readonly where: string | null;
  readonly relation: Relation;
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
type Relation =
  | { readonly is: 'unchanged'; readonly within: number }
  | { readonly is: 'increased' | 'decreased' | 'not increased' | 'not decreased' }
  /** About the newer snapshot alone. */
  | { readonly is: 'compared'; readonly by: Comparison; readonly to: number };

type AggregateValue = number | bigint | string | null;

const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const RELATION = new RegExp(
  String.raw`^(?<rest>.*?)\s+(?:(?<unchanged>unchanged)(?:\s+within\s+(?<within>${NUMBER}))?|(?<trend>(?:not\s+)?(?:increased|decreased))|(?<by>==|!=|<=|>=|<|>)\s*(?<to>${NUMBER}))\s*$`,
  's',
);
const PARTS = /^(?<aggregate>[a-z]+\(.*?\))(?:\s+of\s+(?<of>\S+|"[^"]+"))?(?:\s+where\s+(?<where>.+))?$/s;
/** A field of the value may be without it: `sum(balance)`. */
const BARE_FIELD = /^([a-z]+)\(\s*([\p{L}_][\p{L}\p{N}_.]*)\s*\)$/u;
const ROOTS = new Set(['key', 'namespace', 'userKey', 'value', 'timestamp', 'lastAccess', 'state', 'keyGroup', 'subtask']);

/**
 * `AGGREGATE [of OPERATOR[/STATE]] [where EXPRESSION] RELATION`; the relation is `unchanged [within N]`, `[not] increased`,
 * `[not] decreased`, or a comparison with a number, which is about the newer snapshot. @throws ExpressionError
 */
export function parseExpectation(text: string): Expectation {
  const groups = RELATION.exec(text.trim())?.groups;
  if (groups === undefined) {
    throw new ExpressionError(
      `"${text}" does not say what is expected: it ends with unchanged, increased, decreased, or a comparison such as == 5`,
      text.length,
    );
  }
  const rest = groups['rest'] ?? '';
  const parts = PARTS.exec(rest.trim())?.groups;
  if (parts === undefined) {
    throw new ExpressionError(`"${rest}" is expected to be an aggregate, such as sum(value.count) of OPERATOR/STATE where key > 5`, 0);
  }
  const aggregate = withRoot(parts['aggregate'] ?? '');
  const where = parts['where'] ?? null;
  if (compileAggregates(aggregate, where).aggregates.length !== 1) throw new ExpressionError('one aggregate is expected', 0);
  const of = parts['of']?.replaceAll('"', '') ?? null;
  const slash = of?.lastIndexOf('/') ?? -1;
  const operator = of === null ? null : slash < 0 ? of : of.slice(0, slash);
  return {
    text,
    aggregate,
    operator: operator === '' || operator === '*' ? null : operator,
    state: of === null || slash < 0 ? null : of.slice(slash + 1),
    where,
    relation: relationOf(groups),
  };
}

function withRoot(aggregate: string): string {
  const [, name, path = ''] = BARE_FIELD.exec(aggregate) ?? [];
  return name === undefined || ROOTS.has(path.split('.')[0] ?? '') ? aggregate : `${name}(value.${path})`;
}

function relationOf(groups: Readonly<Record<string, string | undefined>>): Relation {
  const { within, by, to } = groups;
  const trend = groups['trend']?.replace(/\s+/, ' ');
  if (by !== undefined) return { is: 'compared', by: by as Comparison, to: Number(to) };
  if (trend !== undefined) return { is: trend as 'increased' | 'decreased' | 'not increased' | 'not decreased' };
  return { is: 'unchanged', within: Math.abs(Number(within ?? 0)) };
}

/** Whether it is about two snapshots, and not about one alone. */
export function needsBefore({ relation }: Expectation): boolean {
  return relation.is !== 'compared';
}

/** Null, where there was nothing to add up or compare, is equal to itself alone. */
export function holds({ relation }: Expectation, before: AggregateValue, after: AggregateValue): boolean {
  switch (relation.is) {
    case 'unchanged':
      if (before === null || after === null || typeof before === 'string' || typeof after === 'string') return before === after;
      return order(after, before) === 0 || (relation.within > 0 && Math.abs(Number(after) - Number(before)) <= relation.within);
    case 'increased':
      return order(after, before) > 0;
    case 'decreased':
      return order(after, before) < 0;
    case 'not increased':
      return order(after, before) <= 0 || (before === null && after === null);
    case 'not decreased':
      return order(after, before) >= 0 || (before === null && after === null);
    case 'compared': {
      const compared = order(after, relation.to);
      const answers: Readonly<Record<Comparison, boolean>> = {
        '==': compared === 0,
        '!=': compared !== 0,
        '<': compared < 0,
        '<=': compared <= 0,
        '>': compared > 0,
        '>=': compared >= 0,
      };
      return answers[relation.by];
    }
  }
}
