// The tests that judge mutants of the library: all that have parts of it in their own process.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = realpathSync(resolve(import.meta.dirname, '..', '..', '..'));
/** Where run.ts has put the instrumented sources, and wants the log */
const folder = process.env.IAP_MUTANTS_FOLDER ?? join(root, 'build', 'mutants', 'typescript');

/** What to run: paths or patterns */
const tests = (
  process.env.IAP_MUTANTS_TESTS ?? 'test/host/*.test.ts,test/page/*.test.ts,test/protocol/*.test.ts'
).split(',');

/** In the order in which they are named */
class AsNamed extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => tests.indexOf(moduleId);
    return Promise.resolve(files.sort((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      load(id) {
        const [path = ''] = id.split('?'); // a test may load a file anew
        const file = relative(root, path);
        if (!/^(host|protocol)\//.test(file)) return undefined;
        try {
          return readFileSync(join(folder, 'sources', file), 'utf8');
        } catch {
          return undefined; // it has no mutants
        }
      },
    },
  ],
  test: {
    include: tests,
    provide: { mutants: folder },
    runner: join(import.meta.dirname, 'judge.ts'),
    sequence: { sequencer: AsNamed },
    pool: 'forks',
    // What tests reach, they append; a judge goes by what was noticed before.
    fileParallelism: !existsSync(join(folder, 'plan.json')),
    testTimeout: 600_000,
    hookTimeout: 600_000,
    dangerouslyIgnoreUnhandledErrors: true,
    reporters: ['dot'],
  },
});
