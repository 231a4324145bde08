import { format } from 'node:util';
import type { BundleSourceMap } from 'tidemark/host';
import type { ControlEvents } from '../control.ts';

const CATEGORIES = { log: 'stdout', info: 'stdout', debug: 'stdout', warn: 'stderr', error: 'stderr' } as const;

/** While a pipeline is debugged, what its code says with `console` comes with the line that said it. */
export function consoleAsEvents(sourceMap: BundleSourceMap, send: (output: ControlEvents['output']) => void): void {
  for (const [method, category] of Object.entries(CATEGORIES) as [keyof typeof CATEGORIES, 'stdout' | 'stderr'][]) {
    console[method] = (...values: unknown[]): void => {
      const position = sourceMap.stack(new Error())[0]?.position ?? null;
      send({
        category,
        text: `${format(...values)}\n`,
        position: position === null ? null : { path: position.file, line: position.line, column: position.column },
      });
    };
  }
}
