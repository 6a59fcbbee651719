// The tests that judge mutants of the library: those that run in memory, without commands, boards and compilers.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = realpathSync(resolve(import.meta.dirname, '..', '..', '..'));
/** Where run.ts has put the instrumented sources, and wants the log */
const folder = process.env.IAP_MUTANTS_FOLDER ?? join(root, 'build', 'mutants', 'typescript');

/** What few lines test is fast, mostly; what it notices need not be run by the others. */
class FastFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const cost = ({ moduleId }: TestSpecification): number =>
      moduleId.includes('/protocol/') ? 0 : statSync(moduleId).size;
    return Promise.resolve(files.sort((a, b) => cost(a) - cost(b)));
  }
}

export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutants',
      enforce: 'pre',
      load(id) {
        const file = relative(root, id);
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
    include: (process.env.IAP_MUTANTS_TESTS ?? 'test/host/*.test.ts,test/protocol/*.test.ts').split(
      ',',
    ),
    exclude: [
      ...['browser', 'check', 'check-command', 'cli', 'commands', 'dump-record', 'factory-command'],
      ...['faults', 'files', 'image-codecs', 'image-elf', 'isp-commands', 'kit'],
      ...['kit-facts', 'linked', 'output', 'serial', 'wrong-images'],
    ].map((name) => `test/host/${name}.test.ts`),
    provide: { mutants: folder },
    runner: join(import.meta.dirname, 'judge.ts'),
    sequence: { sequencer: FastFirst },
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    dangerouslyIgnoreUnhandledErrors: true,
    reporters: ['dot'],
  },
});
