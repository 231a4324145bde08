import { shellWord } from 'tidemark/snapshot';
import type { Example } from './examples.ts';
import type { CommandSyntax, OptionSyntax } from './syntax.ts';

const WIDTH = 110;

/** `tidemark stop PIPELINE [--drain] ...`, with every option; lines after the first are indented. */
export function usageText({ name, operands, options }: CommandSyntax): string {
  const words = Object.entries(options).map(([option, syntax]) => {
    const text = optionText(option, syntax);
    return `${syntax.required === true ? text : `[${text}]`}${syntax.repeated === true ? '...' : ''}`;
  });
  return wrapped([`tidemark ${name}`, ...(operands === '' ? [] : [operands]), ...words], WIDTH).join('\n      ');
}

/** What `tidemark COMMAND --help` says: usage, a line for each option, and examples. */
export function commandHelp(syntax: CommandSyntax, examples: readonly Example[]): string {
  const rows = Object.entries(syntax.options).map(([name, option]): [string, string] => [optionColumn(name, option), option.about]);
  const column = Math.min(32, Math.max(0, ...rows.map(([left]) => left.length)) + 2);
  const lines = rows.flatMap(([left, about]) => {
    const text = wrapped(about.split(' '), WIDTH - column - 2);
    const first = left.length + 2 > column ? [`  ${left}`] : [];
    const padded = text.map((line, i) => `  ${(i === 0 && first.length === 0 ? left : '').padEnd(column)}${line}`);
    return [...first, ...padded];
  });
  return `${usageText(syntax)}\n\n${wrapped(syntax.about.split(' '), WIDTH).join('\n')}\n\nOptions:\n${lines.join('\n')}\n\nExamples:\n${exampleLines(examples)}\n`;
}

function exampleLines(examples: readonly Example[]): string {
  return examples.map((each) => `  ${each.about}\n    ${commandLine(each)}`).join('\n');
}

/** An example as one types it into a shell. */
function commandLine({ args }: Example): string {
  return ['tidemark', ...args].map(shellWord).join(' ');
}

/** What `tidemark --help` says. */
export function allHelp(commands: readonly CommandSyntax[], version: string): string {
  const left = (syntax: CommandSyntax): string => `${syntax.name} ${syntax.operands}`.trimEnd();
  const column = Math.max(...commands.map((syntax) => left(syntax).length)) + 2;
  const lines = commands.flatMap((syntax) =>
    wrapped(syntax.about.split(' '), WIDTH - column - 2).map((line, i) => `  ${(i === 0 ? left(syntax) : '').padEnd(column)}${line}`),
  );
  return [
    `Stateful streaming pipelines in TypeScript, with Apache Flink savepoints. Version ${version}.`,
    `Usage: tidemark COMMAND ...\n${lines.join('\n')}`,
    "PIPELINE is a *.pipeline.ts file; for savepoint and stop also a pipeline's name or the id that list shows.",
    'tidemark help COMMAND shows the options of a command, tidemark help --json all commands as data.\n',
  ].join('\n\n');
}

/** All commands as plain data, for scripts and for the pages of the documentation. */
export function helpData(
  commands: readonly CommandSyntax[],
  version: string,
  examples: Readonly<Record<string, readonly Example[]>>,
): unknown {
  return {
    version,
    commands: commands.map(({ options, ...command }) => ({
      ...command,
      usage: usageText({ ...command, options }).replace(/\n\s+/g, ' '),
      options: Object.entries(options).map(([name, { value, repeated, required, short, about }]) => ({
        name: `--${name}`,
        short: short === undefined ? null : `-${short}`,
        value: value ?? null,
        repeated: repeated === true,
        required: required === true,
        about,
      })),
      examples: (examples[command.name] ?? []).map((each) => ({ command: commandLine(each), about: each.about })),
    })),
  };
}

function optionText(name: string, { value }: OptionSyntax): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`;
}

function optionColumn(name: string, option: OptionSyntax): string {
  return `${option.short === undefined ? '' : `-${option.short}, `}${optionText(name, option)}`;
}

/** Words in lines of at most a width, as far as a word fits. */
function wrapped(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
