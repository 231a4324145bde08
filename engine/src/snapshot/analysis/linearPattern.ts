/** A pattern that is none, or needs more than a walk through the text. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

type Node =
  | { readonly is: 'set'; readonly accepts: (code: number) => boolean }
  | { readonly is: 'sequence' | 'choice'; readonly parts: readonly Node[] }
  | { readonly is: 'repeat'; readonly of: Node; readonly min: number; readonly max: number }
  | { readonly is: 'start' | 'end' };

/** One step of the machine. Of `split`, both ways are open; `set` takes a character. */
type Step =
  | { readonly is: 'set'; readonly accepts: (code: number) => boolean }
  | { is: 'split'; one: number; two: number }
  | { is: 'jump'; to: number }
  | { readonly is: 'start' | 'end' | 'match' };

const STEPS_MAX = 2000;
const REPEAT_MAX = 1000;
const DEPTH_MAX = 100;

/**
 * Compiles a regular expression to a test of whether it is found in a text. All its states are followed at once, so a test costs at most
 * the length of the text times that of the pattern, whatever they are: there is nothing to go back to. Known: `. [] () | * + ? {m,n} ^ $`,
 * `\d \w \s` and their opposites, `(?:`. @throws PatternError
 */
export function linearPattern(pattern: string): (text: string) => boolean {
  const steps = compile(new PatternParser(pattern).parse());
  return (text) => new Walk(steps, text).finds();
}

class PatternParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#at < this.#text.length) throw new PatternError('a bracket closes that never opened');
    return node;
  }

  #takes(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  #choice(): Node {
    if (++this.#depth > DEPTH_MAX) throw new PatternError('groups are nested too deeply');
    const parts: Node[] = [];
    do parts.push(this.#sequence());
    while (this.#takes('|'));
    this.#depth--;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { is: 'choice', parts };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && !'|)'.includes(this.#text[this.#at] ?? '')) parts.push(this.#repeated(this.#atom()));
    return { is: 'sequence', parts };
  }

  #repeated(of: Node): Node {
    const range = /^(?:[*+?]|\{(\d{1,4})(,(\d{1,4})?)?\})\??/.exec(this.#text.slice(this.#at, this.#at + 14));
    if (range === null) return of;
    this.#at += range[0].length;
    if (/^[*+?]/.test(this.#text.slice(this.#at))) throw new PatternError('a repetition of a repetition');
    const [sign] = range[0];
    if (sign === '*') return { is: 'repeat', of, min: 0, max: Infinity };
    if (sign === '+') return { is: 'repeat', of, min: 1, max: Infinity };
    if (sign === '?') return { is: 'repeat', of, min: 0, max: 1 };
    const min = Number(range[1]);
    const max = range[2] === undefined ? min : range[3] === undefined ? Infinity : Number(range[3]);
    if (min > REPEAT_MAX || (max !== Infinity && (max > REPEAT_MAX || max < min))) throw new PatternError('a repetition that is too long');
    return { is: 'repeat', of, min, max };
  }

  #atom(): Node {
    if (this.#takes('(')) {
      if (this.#takes('?') && !this.#takes(':')) throw new PatternError('only groups ( and (?: are known');
      const inner = this.#choice();
      if (!this.#takes(')')) throw new PatternError('a bracket is not closed');
      return inner;
    }
    if (this.#takes('[')) return { is: 'set', accepts: this.#class() };
    if (this.#takes('.')) return { is: 'set', accepts: (code) => code !== 10 };
    if (this.#takes('^')) return { is: 'start' };
    if (this.#takes('$')) return { is: 'end' };
    if (this.#takes('\\')) return { is: 'set', accepts: this.#escape() };
    const code = this.#character();
    if ('*+?'.includes(String.fromCharCode(code))) throw new PatternError('a repetition of nothing');
    return { is: 'set', accepts: (each) => each === code };
  }

  #character(): number {
    const code = this.#text.charCodeAt(this.#at++);
    if (Number.isNaN(code)) throw new PatternError('the pattern is not complete');
    return code;
  }

  #escape(): (code: number) => boolean {
    const sign = String.fromCharCode(this.#character());
    const known = CLASSES[sign.toLowerCase()];
    if (known !== undefined) return sign === sign.toLowerCase() ? known : (code) => !known(code);
    if (/[1-9bk]/i.test(sign)) throw new PatternError(`\\${sign} is not known`);
    const code = (ESCAPES[sign] ?? sign).charCodeAt(0);
    return (each) => each === code;
  }

  #class(): (code: number) => boolean {
    const negated = this.#takes('^');
    const parts: ((code: number) => boolean)[] = [];
    while (!this.#takes(']')) {
      if (this.#takes('\\')) {
        parts.push(this.#escape());
        continue;
      }
      const from = this.#character();
      if (this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']') {
        this.#at++;
        const to = this.#character();
        if (to < from) throw new PatternError('a range whose end comes before its start');
        parts.push((code) => code >= from && code <= to);
      } else parts.push((code) => code === from);
    }
    return (code) => parts.some((accepts) => accepts(code)) !== negated;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', '0': '\0' };
const CLASSES: Readonly<Record<string, (code: number) => boolean>> = {
  d: (code) => code >= 48 && code <= 57,
  w: (code) => (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95,
  s: (code) => (code >= 9 && code <= 13) || code === 32 || code === 160 || code === 0xfeff,
};

function compile(node: Node): readonly Step[] {
  const steps: Step[] = [];
  const add = (step: Step): void => {
    if (steps.length >= STEPS_MAX) throw new PatternError('the pattern is too long');
    steps.push(step);
  };
  const emit = (part: Node): void => {
    switch (part.is) {
      case 'set':
      case 'start':
      case 'end':
        add(part);
        return;
      case 'sequence':
        part.parts.forEach(emit);
        return;
      case 'choice':
        emitChoice(part.parts);
        return;
      case 'repeat':
        emitRepeat(part.of, part.min, part.max);
    }
  };
  const emitChoice = (parts: readonly Node[]): void => {
    const ends: { is: 'jump'; to: number }[] = [];
    for (const [i, part] of parts.entries()) {
      if (i === parts.length - 1) {
        emit(part);
        break;
      }
      const split = { is: 'split' as const, one: steps.length + 1, two: 0 };
      add(split);
      emit(part);
      const end = { is: 'jump' as const, to: 0 };
      add(end);
      ends.push(end);
      split.two = steps.length;
    }
    for (const end of ends) end.to = steps.length;
  };
  const emitRepeat = (of: Node, min: number, max: number): void => {
    for (let i = 0; i < min; i++) emit(of);
    if (max === Infinity) {
      const split = { is: 'split' as const, one: steps.length + 1, two: 0 };
      const start = steps.length;
      add(split);
      emit(of);
      add({ is: 'jump', to: start });
      split.two = steps.length;
      return;
    }
    const splits: { two: number }[] = [];
    for (let i = min; i < max; i++) {
      const split = { is: 'split' as const, one: steps.length + 1, two: 0 };
      add(split);
      splits.push(split);
      emit(of);
    }
    for (const split of splits) split.two = steps.length;
  };
  emit(node);
  add({ is: 'match' });
  return steps;
}

/** Goes through a text once, with the set of steps that are possible at each character. */
class Walk {
  readonly #steps: readonly Step[];
  readonly #text: string;
  /** For each step, the position after the last one at which it was entered: each is entered once a position. */
  readonly #entered: Int32Array;
  #open: number[] = [];

  constructor(steps: readonly Step[], text: string) {
    this.#steps = steps;
    this.#text = text;
    this.#entered = new Int32Array(steps.length);
  }

  finds(): boolean {
    let current: number[] = [];
    for (let at = 0; at <= this.#text.length; at++) {
      this.#open = current;
      if (this.#enter(0, at)) return true;
      if (at === this.#text.length) return false;
      const code = this.#text.charCodeAt(at);
      const open = this.#open;
      this.#open = current = [];
      for (const index of open) {
        const step = this.#steps[index];
        if (step?.is === 'set' && step.accepts(code) && this.#enter(index + 1, at + 1)) return true;
      }
    }
    return false;
  }

  /** Opens everything that can be reached without a character. True where that is the end of the pattern. */
  #enter(first: number, at: number): boolean {
    const pending = [first];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (this.#entered[index] === at + 1) continue;
      this.#entered[index] = at + 1;
      const step = this.#steps[index];
      switch (step?.is) {
        case 'set':
          this.#open.push(index);
          break;
        case 'split':
          pending.push(step.two, step.one);
          break;
        case 'jump':
          pending.push(step.to);
          break;
        case 'start':
          if (at === 0) pending.push(index + 1);
          break;
        case 'end':
          if (at === this.#text.length) pending.push(index + 1);
          break;
        case 'match':
          return true;
        case undefined:
          break;
      }
    }
    return false;
  }
}
