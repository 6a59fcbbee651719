// A short run of the fuzzers: enough to see that they build, start, and find nothing near. run.sh takes more time.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SECONDS = 10;

test('fuzzing for a few seconds finds nothing', () => {
  const script = fileURLToPath(new URL('run.sh', import.meta.url));
  let output: string;
  try {
    output = execFileSync(script, [String(SECONDS)], { encoding: 'utf8' });
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout); // the findings, and how to see them again
  }
  for (const target of ['decoder', 'inflate', 'session', 'signed']) {
    const [, executions] = new RegExp(`^${target} +(\\d+)`, 'm').exec(output) ?? [];
    expect(Number(executions), output).toBeGreaterThan(100);
  }
});
