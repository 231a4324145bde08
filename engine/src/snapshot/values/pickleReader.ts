import type { ByteReader } from '../bytes/byteReader.ts';
import { decodeUtf8Leniently } from '../bytes/utf8.ts';
import { bigintOf } from './dumpValue.ts';

/**
 * What a pickle says, as data. A `call` is where Python would run code: what it calls is a name, and nothing here calls it.
 * Lists, dicts and calls can be parts of themselves.
 */
export type PickleNode =
  | { readonly kind: 'none' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'str'; readonly text: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly isArray: boolean }
  | { readonly kind: 'list' | 'tuple' | 'set' | 'frozenset'; readonly items: PickleNode[] }
  | { readonly kind: 'dict'; readonly pairs: [PickleNode, PickleNode][] }
  | { readonly kind: 'global'; readonly name: string }
  | PickleCall;

export interface PickleCall {
  readonly kind: 'call';
  readonly callee: PickleNode;
  readonly args: PickleNode;
  /** What is added to the object afterwards: elements, pairs, fields. */
  readonly items: PickleNode[];
  readonly pairs: [PickleNode, PickleNode][];
  readonly states: PickleNode[];
}

const MARK = Symbol('mark');
type Entry = PickleNode | typeof MARK;

/**
 * Reads one pickle of protocol 2 to 5 (Python's `pickletools` has the format): its opcodes build nodes on a stack, without any recursion.
 * Each opcode takes at least one byte and makes at most one node, so there are no more nodes than bytes. The reader is behind the pickle then.
 * @throws FormatError where it is not a pickle
 */
export function readPickle(reader: ByteReader): PickleNode {
  if (reader.u8() !== 0x80) reader.fail('a pickle begins with its protocol', reader.offset - 1);
  const protocol = reader.u8();
  if (protocol < 2 || protocol > 5) reader.fail(`pickles of protocol ${String(protocol)} are not known`, reader.offset - 1);
  return new PickleMachine(reader).run();
}

class PickleMachine {
  readonly #reader: ByteReader;
  readonly #stack: Entry[] = [];
  readonly #memo = new Map<number, PickleNode>();

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  run(): PickleNode {
    for (;;) {
      const opcode = this.#reader.u8();
      if (opcode === STOP) return this.#result();
      if (!this.#value(opcode) && !this.#container(opcode) && !this.#memory(opcode))
        this.#reader.fail(`opcode 0x${opcode.toString(16)} of a pickle is not known`, this.#reader.offset - 1);
    }
  }

  #result(): PickleNode {
    const result = this.#pop();
    return this.#stack.length === 0 ? result : this.#reader.fail('a pickle has more than one value at its end');
  }

  #value(opcode: number): boolean {
    const reader = this.#reader;
    switch (opcode) {
      case 0x4e: // N
        return this.#push({ kind: 'none' });
      case 0x88:
      case 0x89:
        return this.#push({ kind: 'bool', value: opcode === 0x88 });
      case 0x4b: // K
        return this.#int(1, false);
      case 0x4d: // M
        return this.#int(2, false);
      case 0x4a: // J
        return this.#int(4, true);
      case 0x8a:
        return this.#int(reader.u8(), true);
      case 0x8b:
        return this.#int(this.#size(4), true);
      case 0x47: // G
        return this.#push({ kind: 'float', value: reader.f64() });
      case 0x58: // X
        return this.#push({ kind: 'str', text: this.#text(4) });
      case 0x8c:
        return this.#push({ kind: 'str', text: this.#text(1) });
      case 0x8d:
        return this.#push({ kind: 'str', text: this.#text(8) });
      case 0x42: // B
        return this.#bytes(4, false);
      case 0x43: // C
        return this.#bytes(1, false);
      case 0x8e:
        return this.#bytes(8, false);
      case 0x96:
        return this.#bytes(8, true);
      case 0x63: // c
        return this.#push({ kind: 'global', name: `${this.#line()}.${this.#line()}` });
      case 0x93:
        return this.#stackGlobal();
      default:
        return false;
    }
  }

  #container(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // (
        this.#stack.push(MARK);
        return true;
      case 0x5d: // ]
        return this.#push({ kind: 'list', items: [] });
      case 0x7d: // }
        return this.#push({ kind: 'dict', pairs: [] });
      case 0x8f:
        return this.#push({ kind: 'set', items: [] });
      case 0x91:
        return this.#push({ kind: 'frozenset', items: this.#sinceMark() });
      case 0x29: // )
        return this.#push({ kind: 'tuple', items: [] });
      case 0x74: // t
        return this.#push({ kind: 'tuple', items: this.#sinceMark() });
      case 0x85:
      case 0x86:
      case 0x87:
        return this.#push({ kind: 'tuple', items: this.#popMany(opcode - 0x84) });
      case 0x61: // a
        return this.#add([this.#pop()], 'list');
      case 0x65: // e
        return this.#add(this.#sinceMark(), 'list');
      case 0x90:
        return this.#add(this.#sinceMark(), 'set');
      case 0x73: // s
        return this.#addPairs(this.#popMany(2));
      case 0x75: // u
        return this.#addPairs(this.#sinceMark());
      case 0x52: // R
      case 0x81: {
        const args = this.#pop();
        return this.#push(callOf(this.#pop(), args));
      }
      case 0x92: {
        const [cls, args, names] = this.#popMany(3) as [PickleNode, PickleNode, PickleNode];
        const call = callOf(cls, args);
        call.states.push(names);
        return this.#push(call);
      }
      case 0x62: // b
        return this.#build(this.#pop());
      default:
        return false;
    }
  }

  #memory(opcode: number): boolean {
    const reader = this.#reader;
    switch (opcode) {
      case 0x71: // q
        return this.#put(reader.u8());
      case 0x72: // r
        return this.#put(this.#size(4));
      case 0x94:
        return this.#put(this.#memo.size);
      case 0x68: // h
        return this.#get(reader.u8());
      case 0x6a: // j
        return this.#get(this.#size(4));
      case 0x30: // 0
        this.#pop();
        return true;
      case 0x31: // 1
        this.#sinceMark();
        return true;
      case 0x95: // A frame says only how much may be read ahead.
        this.#checked(this.#size(8));
        return true;
      default:
        return false;
    }
  }

  #push(node: PickleNode): true {
    this.#stack.push(node);
    return true;
  }

  #pop(): PickleNode {
    const entry = this.#stack.pop();
    return entry === undefined || entry === MARK ? this.#reader.fail('an opcode of a pickle finds no value') : entry;
  }

  #popMany(count: number): PickleNode[] {
    const nodes: PickleNode[] = [];
    for (let i = 0; i < count; i++) nodes.push(this.#pop());
    return nodes.reverse();
  }

  #sinceMark(): PickleNode[] {
    const nodes: PickleNode[] = [];
    for (;;) {
      const entry = this.#stack.pop();
      if (entry === undefined) return this.#reader.fail('an opcode of a pickle finds no mark');
      if (entry === MARK) return nodes.reverse();
      nodes.push(entry);
    }
  }

  #top(): PickleNode {
    const entry = this.#stack.at(-1);
    return entry === undefined || entry === MARK ? this.#reader.fail('an opcode of a pickle finds no value') : entry;
  }

  #add(items: readonly PickleNode[], kind: 'list' | 'set'): true {
    const top = this.#top();
    if (top.kind !== kind && top.kind !== 'call') return this.#reader.fail(`elements for a ${top.kind} in a pickle`);
    for (const item of items) top.items.push(item);
    return true;
  }

  #addPairs(parts: readonly PickleNode[]): true {
    const top = this.#top();
    if (top.kind !== 'dict' && top.kind !== 'call') return this.#reader.fail(`pairs for a ${top.kind} in a pickle`);
    if (parts.length % 2 !== 0) this.#reader.fail('a key without a value in a pickle');
    for (let i = 0; i + 1 < parts.length; i += 2) top.pairs.push([parts[i], parts[i + 1]] as [PickleNode, PickleNode]);
    return true;
  }

  #build(state: PickleNode): true {
    const top = this.#top();
    if (top.kind !== 'call') return this.#reader.fail(`fields for a ${top.kind} in a pickle`);
    top.states.push(state);
    return true;
  }

  #stackGlobal(): true {
    const [module, name] = this.#popMany(2);
    if (module?.kind !== 'str' || name?.kind !== 'str') return this.#reader.fail('a name in a pickle is not a text');
    return this.#push({ kind: 'global', name: `${module.text}.${name.text}` });
  }

  #put(index: number): true {
    this.#memo.set(index, this.#top());
    return true;
  }

  #get(index: number): true {
    return this.#push(this.#memo.get(index) ?? this.#reader.fail(`a pickle refers to value ${String(index)}, which has not come yet`));
  }

  /** Little-endian. */
  #int(size: number, isSigned: boolean): true {
    const bytes = this.#reader.slice(size).slice().reverse();
    const value = bigintOf(isSigned ? bytes : Uint8Array.of(0, ...bytes));
    return this.#push({ kind: 'int', value });
  }

  /** A length of so many bytes, little-endian. */
  #size(width: number): number {
    const bytes = this.#reader.slice(width);
    let size = 0;
    for (let i = width - 1; i >= 0; i--) size = size * 256 + (bytes[i] ?? 0);
    return size;
  }

  #checked(size: number): number {
    if (size > this.#reader.remaining) this.#reader.fail(`${String(size)} bytes of a pickle do not fit`);
    return size;
  }

  #text(width: number): string {
    return decodeUtf8Leniently(this.#reader.slice(this.#checked(this.#size(width))));
  }

  #bytes(width: number, isArray: boolean): true {
    return this.#push({ kind: 'bytes', bytes: this.#reader.slice(this.#checked(this.#size(width))), isArray });
  }

  #line(): string {
    const { bytes, offset, end } = this.#reader;
    const at = bytes.indexOf(0x0a, offset);
    if (at < 0 || at >= end) return this.#reader.fail('a name in a pickle has no end');
    this.#reader.offset = at + 1;
    return decodeUtf8Leniently(bytes.subarray(offset, at));
  }
}

const STOP = 0x2e;

function callOf(callee: PickleNode, args: PickleNode): PickleCall {
  return { kind: 'call', callee, args, items: [], pairs: [], states: [] };
}
