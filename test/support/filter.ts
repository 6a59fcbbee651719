// A C program that answers each input with a line: the device's own code, for tests in TypeScript.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, beforeAll, expect } from 'vitest';
import { built } from './board.js';

/** Written before answers are read: more could fill the pipes. */
const BATCH = 64;

/**
 * Runs one for all tests of a file.
 * @param name of a program of test/bootloader
 * @returns its answers to inputs, each with its own end
 */
export function filter(
  name: string,
): (inputs: readonly (string | Uint8Array)[]) => Promise<string[]> {
  let child: ChildProcessWithoutNullStreams;
  let reader: Interface;
  let lines: AsyncIterator<string>;

  beforeAll(() => {
    child = spawn(built('build', 'core-tests', name));
    reader = createInterface({ input: child.stdout });
    lines = reader[Symbol.asyncIterator]();
  });

  afterAll(async () => {
    const exit = once(child, 'exit');
    child.stdin.end();
    expect(await exit).toEqual([0, null]); // the sanitizers had nothing to say
    reader.close();
  });

  return async (inputs) => {
    const answers: string[] = [];
    for (let at = 0; at < inputs.length; at += BATCH) {
      const batch = inputs.slice(at, at + BATCH);
      for (const input of batch) child.stdin.write(input);
      for (const _ of batch) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`${name} has ended`);
        answers.push(value);
      }
    }
    return answers;
  };
}
