// Section 3: END, and what an update looks like from outside at each step.
import { Check as CheckBit, Command, ImageState, Status } from '../../../protocol/index.js';
import { sameBytes } from '../../base/bytes.js';
import { flagNames } from '../../base/text.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import { digestIn, type ImageOptions, SMALLEST, type TestImage } from '../image.js';
import {
  begin,
  end,
  expectPages,
  expectStatus,
  home,
  pageCrc,
  pagesOf,
  sendAll,
  sendPage,
} from '../update.js';

/** After power came back a device that must not start anything still answers [ms]. */
const STAYS_MS = 1500;

function expectState(what: string, state: number, must: number, mustNot: number): void {
  if ((state & must) === must && (state & mustNot) === 0) return;
  const not = mustNot === 0 ? '' : ` without ${flagNames(ImageState, mustNot).join(' ')}`;
  throw new Deviation(
    `${what}: ${flagNames(ImageState, must).join(' ')}${not}`,
    flagNames(ImageState, state).join(' ') || 'none',
  );
}

async function update(bench: Bench): Promise<void> {
  await home(bench);
  const old = bench.info.installed;
  const image = bench.image({ seed: 30, size: 3 * bench.info.pageSize - 100 });
  const sha256 = digestIn(image);
  await begin(bench, image);
  const { installed } = await bench.hello();
  expectEqual('installed entry after BEGIN', installed.sequence, old.sequence);

  // The last page first: any order is right.
  let next = await sendPage(bench, image, 2, 0);
  const touched = (await bench.hello()).installed;
  expectState(
    'installed after the first page',
    touched.state,
    ImageState.PRESENT | ImageState.TOUCHED,
    ImageState.VALID | ImageState.GOOD,
  );
  expectTrue(
    'an installed entry that is newer after the first page',
    touched.sequence > old.sequence,
    `${touched.sequence}, ${old.sequence}`,
  );
  expectEqual('state of pending after the first page', bench.info.pending.state, 0);
  await bench.refused(Status.NOT_BOOTABLE, Command.BOOT, undefined, {
    limitMs: bench.info.beginMs,
  });
  next = await sendPage(bench, image, 0, next);
  next = await sendPage(bench, image, 1, next);
  const { status, detail } = await end(bench, next);
  expectStatus('END', status, Status.OK, detail);

  const done = (await bench.hello()).installed;
  const whole =
    ImageState.PRESENT |
    ImageState.TOUCHED |
    ImageState.VALID |
    ImageState.CHECKED |
    ImageState.GOOD;
  expectState('installed after END', done.state, whole, ImageState.CONFIRMED);
  expectTrue('installed with the SHA-256 of BEGIN', sameBytes(done.sha256, sha256), 'another');
  expectEqual('size of the installed image', done.size, image.bytes.length);
  expectEqual('version of the installed image', done.version.build, 30);
  const wanted = [0, 1, 2].map((page) => pageCrc(bench, image, page));
  await expectPages(bench, 'CRC-32 of the pages', 0, wanted);
}

/** An image that must not be verified: not VALID, not started, not even after power was cut. */
async function expectFailed(
  bench: Bench,
  what: string,
  options: ImageOptions,
  bits: number,
): Promise<TestImage> {
  const image = bench.image(options);
  await begin(bench, image);
  const answer = await end(bench, await sendAll(bench, image));
  expectStatus(`END of ${what}`, answer.status, Status.VERIFY_FAILED, answer.detail);
  if (answer.detail !== bits) {
    throw new Deviation(
      `END of ${what}: ${flagNames(CheckBit, bits).join(' ')}`,
      flagNames(CheckBit, answer.detail).join(' '),
    );
  }
  const { installed } = await bench.hello();
  expectState(
    `installed after END of ${what}`,
    installed.state,
    ImageState.TOUCHED,
    ImageState.VALID | ImageState.GOOD,
  );
  await bench.refused(Status.NOT_BOOTABLE, Command.BOOT, undefined, {
    limitMs: bench.info.beginMs,
  });
  const again = await end(bench, pagesFrames(bench, image));
  expectStatus(`END again of ${what}`, again.status, Status.VERIFY_FAILED, again.detail);
  return image;
}

/** Numbers used for all pages of an image */
function pagesFrames(bench: Bench, image: TestImage): number {
  const { pageSize, maxPayload } = bench.info;
  let frames = 0;
  for (let page = 0; page < pagesOf(bench, image); page++) {
    const bytes = Math.min(pageSize, image.bytes.length - page * pageSize);
    frames += Math.max(1, Math.ceil((bytes + 12) / (maxPayload - 3)));
  }
  return frames;
}

async function staysWithoutPower(bench: Bench): Promise<void> {
  await bench.abort();
  if (!bench.power) return;
  await bench.powerOff();
  await bench.power.on();
  await bench.wire.sleep(STAYS_MS);
  const info = await bench.hello(false);
  expectTrue('stay for a reason', info.stay !== 0, 'NONE');
}

async function wrongSha(bench: Bench): Promise<void> {
  await home(bench);
  for (const at of [0, 31]) {
    const imageSha256 = digestIn(bench.image({ seed: 31 }));
    imageSha256[at] = (imageSha256[at] ?? 0) ^ 0x10;
    await expectFailed(
      bench,
      'an image with a wrong SHA-256',
      { seed: 31, header: { imageSha256 } },
      CheckBit.SHA256,
    );
  }
  await staysWithoutPower(bench);
}

async function wrongCrc(bench: Bench): Promise<void> {
  await home(bench);
  const view = new DataView(bench.image({ seed: 32 }).header.buffer);
  const imageCrc32 = (view.getUint32(48, true) ^ 0x0001_0000) >>> 0;
  await expectFailed(
    bench,
    'an image with a wrong CRC-32',
    { seed: 32, header: { imageCrc32 } },
    CheckBit.CRC32,
  );
  await staysWithoutPower(bench);
}

async function wrongVectors(bench: Bench): Promise<void> {
  await home(bench);
  const { appBase, appEnd } = bench.info;
  const size = SMALLEST + 4;
  const cases: readonly (readonly [string, ImageOptions])[] = [
    ['a stack pointer of 0', { stack: 0 }],
    ['a stack pointer in flash', { stack: appBase + 0x1000 }],
    ['a blank stack pointer', { stack: 0xffff_fffc }],
    ['a stack pointer that is no multiple of 4', { stack: 0x2000_1002 }],
    ['an even reset vector', { reset: appBase + 0x40 }],
    ['a reset vector after the image', { reset: appBase + size + 1 }],
    ['a reset vector after the flash', { reset: appEnd + 1 }],
    ['a reset vector before the image', { reset: appBase - 0xfff }],
    ['a blank reset vector', { reset: 0xffff_ffff }],
  ];
  for (const [i, [what, options]] of cases.entries()) {
    await expectFailed(
      bench,
      `an image with ${what}`,
      { seed: 40 + i, size, ...options },
      CheckBit.VECTORS,
    );
  }
  await staysWithoutPower(bench);
}

export const END_CHECKS: readonly Check[] = [
  {
    id: 'update',
    requirements: ['B-22', 'B-26', 'B-55'],
    title: 'an update, and what HELLO and PAGES say at each step',
    run: update,
  },
  {
    id: 'wrong-sha',
    requirements: ['B-39', 'B-61'],
    title: 'an image with a wrong SHA-256 is never VALID',
    run: wrongSha,
  },
  {
    id: 'wrong-crc',
    requirements: ['B-39', 'B-61'],
    title: 'an image with a wrong CRC-32 is never VALID',
    run: wrongCrc,
  },
  {
    id: 'wrong-vectors',
    requirements: ['B-39', 'B-61'],
    title: 'an image with wrong vectors is never VALID',
    run: wrongVectors,
  },
];
