#!/usr/bin/env node
// Mutants of the library by Stryker: see typescript/run.ts. --help shows the options.
import { runCompiled } from './compiled.mjs';

await runCompiled('typescript');
