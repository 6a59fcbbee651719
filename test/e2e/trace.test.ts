// docs/trace.md: a whole small update, byte by byte, as the real host and the real bootloader say it to each other.
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { update } from '../../host/update/update.js';
import { Lockstep } from '../conformance/lockstep.js';
import { bootloaderFile, built, PARTS, type Part } from '../support/board.js';
import { tableImage } from '../support/images.js';
import { fieldsOf, hex, isFrame, type Row, uncobbed } from '../support/trace.js';

const DOCUMENT = 'docs/trace.md';
const BEGIN = '<!-- made by test/e2e/trace.test.ts -->';
const END = '<!-- end of what is made -->';
const UPDATE = process.env.IAP_UPDATE_DOCS === '1';

const PART: Part = 'stm32f103xb';
/** One whole page and a short one */
const SIZE = 1100;
/** Longer than the bootloader needs to listen after power-up [ms] */
const STARTED_MS = 50;

/** What one side sent at once */
interface Burst {
  readonly from: 'host' | 'device';
  readonly bytes: Uint8Array;
}

let bursts: readonly Burst[];

/** Everything that passes between host and device, in its order */
async function recorded(image: Uint8Array): Promise<Burst[]> {
  const board = new Lockstep({
    board: built('build', 'board', 'iap-board'),
    part: PARTS[PART].part,
    bootloader: bootloaderFile(PART),
  });
  await board.during(new Promise<void>((resolve) => void board.clock.after(STARTED_MS, resolve)));
  const passed: Burst[] = [];
  const { transport } = board;
  const run = update(
    {
      get rate() {
        return transport.rate;
      },
      write: (bytes) => {
        passed.push({ from: 'host', bytes: bytes.slice() });
        return transport.write(bytes);
      },
      onBytes: (listener) =>
        transport.onBytes((bytes) => {
          const last = passed.at(-1);
          if (last?.from === 'device') passed[passed.length - 1] = joined(last, bytes);
          else passed.push({ from: 'device', bytes: bytes.slice() });
          listener(bytes);
        }),
      onClose: (listener) => transport.onClose(listener),
      setRate: (rate) => transport.setRate(rate),
      drain: () => transport.drain(),
      close: () => transport.close(),
    },
    { base: undefined, bytes: image },
    { clock: board.clock },
  );
  try {
    expect(await board.during(run.result)).toMatchObject({ changed: true, boot: 'started' });
  } finally {
    await board.stop();
  }
  return passed;
}

function joined({ from, bytes }: Burst, more: Uint8Array): Burst {
  return { from, bytes: Uint8Array.of(...bytes, ...more) };
}

/** The frames between the delimiters of a burst */
function framesOf({ bytes }: Burst): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let from = 0;
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
    if (end > from) frames.push(bytes.subarray(from, end));
    from = end + 1;
  }
  return frames;
}

beforeAll(async () => {
  bursts = await recorded(tableImage(SIZE));
});

test('every burst begins with a delimiter, and holds nothing but good frames', () => {
  expect(bursts.length).toBeGreaterThan(12);
  for (const burst of bursts) {
    expect(burst.bytes[0]).toBe(0);
    expect(burst.bytes.at(-1)).toBe(0);
    expect(framesOf(burst).every(isFrame)).toBe(true);
  }
});

test('the fields are the frame: no byte is left out, none said twice', () => {
  for (const frame of bursts.flatMap(framesOf)) {
    const decoded = uncobbed(frame);
    const { rows } = fieldsOf(decoded);
    expect(Uint8Array.from(rows.flatMap(({ bytes }) => [...bytes]))).toEqual(decoded);
  }
});

test('docs/trace.md has the conversation as it is', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const [, after = ''] = rest.split(END);
  const expected = `${before}${BEGIN}\n\n${bursts.map(shown).join('\n\n')}\n\n${END}${after}`;
  if (UPDATE) writeFileSync(DOCUMENT, expected);
  else expect(text, 'run this test with IAP_UPDATE_DOCS=1').toBe(expected);
});

/** Longer tables are not printed twice, but for what is new in them. */
const MOST_ROWS = 20;

function shown(burst: Burst, index: number): string {
  const frames = framesOf(burst).map((frame) => fieldsOf(uncobbed(frame)));
  const who = burst.from === 'host' ? 'host → device' : 'device → host';
  const titles = frames.map(({ title }) => title).join(' and ');
  const encoded = `\`\`\`\n${hex(burst.bytes)}\n\`\`\``;
  const tables = frames.map(({ title, rows }) => table(rows, earlier(title, index)));
  return [`### ${index + 1}. ${who}: ${titles}`, encoded, ...tables].join('\n\n');
}

/** The rows of such a message in a burst before this one, and the number of that */
function earlier(title: string, before: number): Earlier | undefined {
  const [name] = title.split(', seq');
  for (const [index, burst] of bursts.slice(0, before).entries()) {
    for (const frame of framesOf(burst)) {
      const { title: other, rows } = fieldsOf(uncobbed(frame));
      if (other.split(', seq')[0] === name) return { number: index + 1, rows };
    }
  }
  return undefined;
}

interface Earlier {
  readonly number: number;
  readonly rows: readonly Row[];
}

function table(rows: readonly Row[], before: Earlier | undefined): string {
  const all = rows.map(line);
  const known = new Set(rows.length > MOST_ROWS ? before?.rows.map(line) : []);
  const lines = all.filter((one) => !known.has(one));
  const rest = lines.length < all.length ? [`| | | all else | as in ${before?.number} |`] : [];
  return [
    '| offset | bytes | field | value |',
    '| --- | --- | --- | --- |',
    ...lines,
    ...rest,
  ].join('\n');
}

function line({ at, bytes, field, value }: Row): string {
  return `| ${at} | \`${hex(bytes)}\` | ${code(field)} | ${value} |`;
}

function code(field: string): string {
  return /^[a-z0-9_.]+$/.test(field) ? `\`${field}\`` : field;
}
