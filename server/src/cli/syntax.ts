import { parseArgs } from 'node:util';

/** One option of a command. Parser, usage, help and the pages of the documentation are made of it. */
export interface OptionSyntax {
  /** The argument as people read it, such as `FOLDER`; a switch has none. In brackets where it may be left out. */
  readonly value?: string;
  /** It may be given several times. */
  readonly repeated?: true;
  /** The command does nothing without it. */
  readonly required?: true;
  /** One letter that means the same. */
  readonly short?: string;
  /** What it does, in a sentence or two. */
  readonly about: string;
}

export type OptionTable = Readonly<Record<string, OptionSyntax>>;

/** What a command takes. */
export interface CommandSyntax<Options extends OptionTable = OptionTable> {
  readonly name: string;
  /** What is beside the options, such as `PIPELINE SNAPSHOT`. */
  readonly operands: string;
  readonly about: string;
  readonly options: Options;
}

/** What was given for the options of a table. */
export type OptionValues<Options extends OptionTable> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly value: string }
    ? Options[Name] extends { readonly repeated: true }
      ? readonly string[] | undefined
      : string | undefined
    : boolean;
};

/** @throws TypeError with a code that begins with ERR_PARSE_ARGS where the arguments do not fit the table */
export function parsed<Options extends OptionTable>(
  { options, operands }: CommandSyntax<Options>,
  args: readonly string[],
): { values: OptionValues<Options>; positionals: readonly string[] } {
  const config = Object.entries<OptionSyntax>(options).map(([name, { value, repeated, short }]) => {
    const common = { multiple: repeated === true, ...(short === undefined ? {} : { short }) };
    return [name, value === undefined ? { ...common, type: 'boolean' as const } : { ...common, type: 'string' as const }] as const;
  });
  const found = parseArgs({ args: [...args], allowPositionals: operands !== '', options: Object.fromEntries(config) });
  const given: Readonly<Record<string, unknown>> = found.values;
  const values = Object.entries<OptionSyntax>(options).map(([name, { value }]) => [
    name,
    Object.hasOwn(given, name) ? given[name] : value === undefined ? false : undefined,
  ]);
  return { values: Object.fromEntries(values) as OptionValues<Options>, positionals: found.positionals };
}
