import fc from 'fast-check';

// The same examples at every run, so that a red test is never chance; the full run looks for new ones and prints their seed.
if (process.env['TIDEMARK_FULL'] !== '1') fc.configureGlobal({ seed: 1985 });
