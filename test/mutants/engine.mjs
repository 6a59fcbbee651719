#!/usr/bin/env node
// Mutants of the core by an engine: see engine/run.ts. --help shows the options.
import { runCompiled } from './compiled.mjs';

await runCompiled('engine');
