import type { Node } from 'jsonc-parser';

/**
 * What a part of a document says. The library's own functions assign names of fields to plain objects, which loses `__proto__`, and round
 * large integers: here these are bigints.
 */
export function valueOfNode(node: Node, text: string): unknown {
  const parts = node.children ?? [];
  switch (node.type) {
    case 'array':
      return parts.map((part) => valueOfNode(part, text));
    case 'object':
      return Object.fromEntries(
        parts.flatMap(({ children }) => {
          const [name, value] = children ?? [];
          return name === undefined || value === undefined ? [] : [[String(name.value), valueOfNode(value, text)]];
        }),
      );
    case 'number': {
      const digits = text.slice(node.offset, node.offset + node.length);
      return /^-?\d+$/.test(digits) && !Number.isSafeInteger(node.value) ? BigInt(digits) : (node.value as number);
    }
    default:
      return node.value as unknown;
  }
}
