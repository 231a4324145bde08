import type { TextEdit } from 'vscode-languageserver';
import type { PipelineEdit } from '../protocol.ts';
import type { PipelineDocument } from './pipelineDocument.ts';
import type { Span } from './pipelineSyntax.ts';
import { toRange } from './toProtocol.ts';

/** A change that a check proposes, as edits of the text as it is; null where it is written in a way that is not understood. */
export function pipelineEdit(module: PipelineDocument, edit: PipelineEdit): { readonly title: string; readonly edits: TextEdit[] } | null {
  const { document, syntax } = module;
  const text = (span: Span): string => document.getText().slice(span.start, span.end);
  const replace = (span: Span, newText: string): TextEdit => ({ range: toRange(document, span), newText });
  const operatorOf = (uid: string) => syntax.operators.find((operator) => operator.uid === uid);
  switch (edit.kind) {
    case 'uid': {
      const span = operatorOf(edit.from)?.uidSpan;
      return span === undefined
        ? null
        : { title: `Call the operator "${edit.to}" again`, edits: [replace(span, quoted(edit.to, text(span)))] };
    }
    case 'state': {
      const operator = operatorOf(edit.operator);
      const state = operator?.states.find(({ name }) => name === edit.from);
      if (operator === undefined || state === undefined) return null;
      const name = /^[A-Za-z_$][\w$]*$/.test(edit.to) ? edit.to : null;
      const edits = [replace(state.nameSpan, name ?? quoted(edit.to, text(state.nameSpan)))];
      // `ctx.state.from`, as the operator's functions have it.
      for (const match of text(operator.span).matchAll(/(\bstate\s*\.\s*)([\w$]+)/g)) {
        const start = operator.span.start + match.index + (match[1]?.length ?? 0);
        if (match[2] === edit.from && name !== null) edits.push(replace({ start, end: start + edit.from.length }, name));
      }
      return { title: `Call the state "${edit.to}" again`, edits };
    }
    case 'field': {
      const span = syntax.typeOfField(edit.record, edit.field);
      return span === null
        ? null
        : { title: `Declare ${edit.record}.${edit.field} as ${edit.type} again`, edits: [replace(span, edit.type)] };
    }
    case 'type': {
      const span = operatorOf(edit.operator)?.states.find(({ name }) => name === edit.state)?.typeSpan ?? null;
      return span === null ? null : { title: `Declare "${edit.state}" as ${edit.type} again`, edits: [replace(span, edit.type)] };
    }
  }
}

/** In the quotes that are there. */
function quoted(name: string, before: string): string {
  const quote = /^["'`]/.exec(before)?.[0] ?? "'";
  return `${quote}${name.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`)}${quote}`;
}
