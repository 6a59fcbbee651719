// The fuzzer of the inflate finds faults: broken inflates, each of which it must notice.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { broken } from '../mutants/mutant.js';
import { TempDir } from '../support/board.js';
import { BROKEN_INFLATES } from './broken-inflates.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bootloader = join(root, 'bootloader-c');
/** Of its own: another test builds the fuzzers meanwhile. */
const build = join(root, 'build', 'fuzz-broken');
const run = promisify(execFile);

/** Each of them with IAP_FUZZ=all, else one of so many */
const EVERY = process.env.IAP_FUZZ === 'all' ? 1 : 6;
/** Inputs, all of them found in fewer than a tenth of these */
const RUNS = 200_000;
const SANITIZERS = ['-fsanitize=address,undefined,fuzzer', '-fno-sanitize-recover=all'];
const CHOSEN = BROKEN_INFLATES.filter((_, i) => i % EVERY === 0);

beforeAll(() => {
  const args = ['-S', join(root, 'test/fuzz'), '-B', build, '-G', 'Ninja'];
  execFileSync('cmake', [...args, '-DCMAKE_C_COMPILER=clang']);
  execFileSync('cmake', ['--build', build, '--target', 'fuzz-seeds']);
  execFileSync(join(build, 'fuzz-seeds'), [join(build, 'seeds')]);
}, 120_000);

/** How the fuzzer ends with this inflate; undefined: it finds nothing */
async function fuzz(source: string, runs: number): Promise<string | undefined> {
  const dir = new TempDir();
  onTestFinished(() => dir.remove());
  const program = join(dir.path, 'fuzz');
  const includes = [join(bootloader, 'core'), join(bootloader, 'generated'), 'test/bootloader'];
  const files = ['test/fuzz/fuzz_inflate.c', 'test/fuzz/reference_inflate.c'];
  await run(
    'clang',
    [
      ...['-O1', '-g', '-w', ...SANITIZERS, ...includes.map((folder) => `-I${folder}`)],
      ...[...files, dir.write('iap_inflate.c', source), '-o', program],
    ],
    { cwd: root },
  );
  const options = ['-seed=1', `-runs=${runs}`, '-max_len=512', '-len_control=20', '-timeout=60'];
  const seeds = join(build, 'seeds', 'inflate');
  try {
    await run(program, [...options, `-artifact_prefix=${dir.path}/`, seeds], {
      maxBuffer: 1 << 26,
      cwd: dir.path,
    });
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return stderr.split('\n').find((line) => /ERROR|runtime error|expected|not true/.test(line));
  }
}

test('nothing is found in the inflate as it is', async () => {
  const source = readFileSync(join(bootloader, 'core/iap_inflate.c'), 'utf8');
  expect(await fuzz(source, 5000)).toBeUndefined();
}, 300_000);

test.each(CHOSEN)(
  'found: $id',
  async (fault) => {
    const source = readFileSync(join(bootloader, fault.file), 'utf8');
    const how = await fuzz(broken(source, fault), RUNS);
    expect(how).toBeDefined();
    console.log(`${fault.id}: ${how}`);
  },
  600_000,
);
