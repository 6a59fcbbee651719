// Whatever a device answers: the host ends, soon, in little memory, and with an error of its own.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import {
  BeginResponse,
  Command,
  DataResponse,
  EndResponse,
  encode,
  HelloResponse,
  type Layout,
  PagesResponse,
  Status,
} from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { appImage } from '../support/images.js';

/** IAP_ANSWERS=full tries many more. */
const RUNS = process.env.IAP_ANSWERS === 'full' ? 3000 : 60;
/** Of the device's time, with all limits at their highest [ms] */
const ENDLESS_MS = 300_000;
/** What a run may leave behind, garbage included [bytes] */
const MOST_MEMORY = 200e6;

const word = (bits: number): fc.Arbitrary<number> => {
  const top = 2 ** bits - 1;
  const edges = [0, 1, 2, 3, 127, 128, 1024, 2048, 65_535, 2 ** 31, top - 1, top];
  return fc.oneof(
    fc.constantFrom(...edges.filter((value) => value <= top)),
    fc.integer({ min: 0, max: top }),
  );
};

/** Plausible fields, some of them replaced by anything */
const helloAnswers = fc.record(
  {
    mode: word(8),
    stay: word(8),
    hardware: word(16),
    pageSize: word(32),
    appBase: fc.oneof(word(32), fc.constant(0x0800_8000)),
    appEnd: fc.oneof(word(32), fc.constant(0x0801_0000)),
    maxPayload: word(16),
    window: word(32),
    defaultRate: word(32),
    maxRate: word(32),
    capabilities: word(32),
    holdMs: word(16),
    beginMs: word(16),
    pageMs: word(16),
    pagesMs: word(16),
    endMs: word(16),
  },
  { requiredKeys: [] },
);

/** What is answered to the commands behind HELLO: nothing, or any bytes */
const others = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined });

async function ends(bench: Bench): Promise<void> {
  const { error, ms } = await bench.update(appImage(5000), { rate: 921_600, timeoutMs: 2000 });
  if (error !== undefined && !(error instanceof IapError)) throw error;
  expect(ms).toBeLessThan(ENDLESS_MS);
}

test('any answer to HELLO', async () => {
  const before = process.memoryUsage().rss;
  const property = fc.asyncProperty(helloAnswers, others, async (changed, other) => {
    const bench = new Bench();
    const usual = { ...bench.device.info, ...changed };
    const payload = encode(HelloResponse, { ...usual, ...changed });
    bench.device.hook = ({ type }) => (type === Command.HELLO ? payload : (other ?? 'drop'));
    await ends(bench);
  });
  await fc.assert(property, { numRuns: RUNS });
  expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY);
});

test('any bytes in answer to HELLO', async () => {
  const property = fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
    const bench = new Bench();
    const payload = Uint8Array.of(Status.OK, 1, 0, ...bytes);
    bench.device.hook = ({ type }) => (type === Command.HELLO ? payload : 'drop');
    await ends(bench);
  });
  await fc.assert(property, { numRuns: RUNS });
});

const any = (
  status: number,
  fields: readonly number[],
): Record<string, number | readonly number[]> => {
  const [a = 0, b = 0, c = 0] = fields;
  return {
    status,
    begun: a,
    rate: c,
    first: a,
    count: b,
    crc32: [c],
    next: b,
    pages: a,
    detail: c,
  };
};

test.each([
  ['BEGIN', BeginResponse],
  ['PAGES', PagesResponse],
  ['DATA', DataResponse],
  ['END', EndResponse],
] as readonly (readonly [keyof typeof Command, Layout<unknown>])[])(
  'any answer to %s',
  async (name, layout) => {
    const status = fc.constantFrom(
      Status.OK,
      Status.GAP,
      Status.PAGE_REJECTED,
      Status.VERIFY_FAILED,
      0x3f,
      0x7f,
    );
    const fields = fc.tuple(word(8), word(16), word(32));
    const property = fc.asyncProperty(status, fields, async (code, values) => {
      const bench = new Bench();
      const payload = encode(layout, any(code, values));
      bench.device.hook = ({ type }) => (type === Command[name] ? payload : undefined);
      await ends(bench);
    });
    // A device that wants the same frame for ever
    await fc.assert(property, { numRuns: RUNS, examples: [[Status.GAP, [1, 1, 2048]]] });
  },
);
