// Section 3: BEGIN and ABORT, and which images a device takes.
import {
  BeginFlag,
  Begun,
  Capability,
  Command,
  type Header,
  IdentityFlag,
  ImageState,
  Status,
} from '../../../protocol/index.js';
import { isZero, sameBytes } from '../../base/bytes.js';
import { nameOf } from '../../base/text.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual, expectTrue } from '../deviation.js';
import { digestIn, type TestImage } from '../image.js';
import {
  begin,
  beginPayload,
  dataFrame,
  end,
  expectStatus,
  home,
  pageFrames,
  progress,
  sendAll,
  sendData,
  sendPage,
} from '../update.js';
import { memory } from './addresses.js';

const EVERYTHING = 0xffff_ffff;

interface Defect {
  readonly status: Status;
  readonly header: Partial<Header>;
  /** What the refusal must tell; undefined where the protocol does not say */
  readonly detail?: number;
}

/** One defect for each check, in the order in which the device must make them */
function defects(bench: Bench): Defect[] {
  const { info, counter } = bench;
  const largest = info.appEnd - info.appBase;
  const other = info.product.map((byte, i) => (i === 0 ? byte ^ 0x55 : byte));
  const uniqueId = info.uniqueId.map((byte, i) => (i === 11 ? byte ^ 0x55 : byte));
  const known = !isZero(info.product);
  const unknown =
    (EVERYTHING & ~Object.values(Capability).reduce<number>((all, bit) => all | bit, 0)) >>> 0;
  const missing = Capability.DEFLATE & ~info.capabilities;
  return [
    { status: Status.BAD_HEADER, header: { magic: 0 }, detail: 0 },
    { status: Status.BAD_HEADER, header: { format: 2 }, detail: 4 },
    { status: Status.BAD_HEADER, header: { headerSize: 255 }, detail: 6 },
    ...(known ? [{ status: Status.WRONG_PRODUCT, header: { product: other } }] : []),
    ...(known && (info.identityFlags & IdentityFlag.ANY_IMAGE) === 0
      ? [{ status: Status.PACKAGE_ONLY, header: { product: new Uint8Array(16) } }]
      : []),
    ...(known
      ? [
          {
            status: Status.WRONG_HARDWARE,
            header: { hardwareMin: info.hardware + 1 },
            detail: info.hardware,
          },
        ]
      : []),
    { status: Status.WRONG_DEVICE, header: { uniqueId } },
    {
      status: Status.WRONG_ADDRESS,
      header: { loadAddress: info.appBase + info.pageSize },
      detail: info.appBase,
    },
    {
      status: Status.WRONG_ADDRESS,
      header: { loadAddress: info.appBase - info.pageSize },
      detail: info.appBase,
    },
    { status: Status.WRONG_SIZE, header: { imageSize: 0 }, detail: largest },
    { status: Status.WRONG_SIZE, header: { imageSize: 7 }, detail: largest },
    { status: Status.WRONG_SIZE, header: { imageSize: largest + 1 }, detail: largest },
    { status: Status.WRONG_SIZE, header: { imageSize: EVERYTHING }, detail: largest },
    ...(counter > 0
      ? [{ status: Status.ROLLBACK, header: { securityCounter: counter - 1 }, detail: counter }]
      : []),
    { status: Status.NOT_CAPABLE, header: { flags: 0x8000_0000 }, detail: 0x8000_0000 },
    { status: Status.NOT_CAPABLE, header: { capabilities: unknown }, detail: unknown },
    ...(missing
      ? [{ status: Status.NOT_CAPABLE, header: { capabilities: missing }, detail: missing }]
      : []),
    ...((info.capabilities & Capability.SIGNATURE) === 0
      ? [{ status: Status.BAD_SIGNATURE, header: { signatureAlgorithm: 1 } }]
      : []),
  ];
}

async function expectRefused(
  bench: Bench,
  defect: Defect,
  more: Partial<Header> = {},
): Promise<void> {
  const { header } = bench.image({ seed: 5, header: { ...more, ...defect.header } });
  const detail = await bench.refused(defect.status, Command.BEGIN, beginPayload(header), {
    limitMs: bench.info.beginMs,
  });
  if (defect.detail !== undefined)
    expectEqual(`detail of ${nameOf(Status, defect.status)}`, detail, defect.detail);
}

async function refused(bench: Bench): Promise<void> {
  bench.needUpdates();
  const before = memory(await bench.hello());
  const all = defects(bench);
  for (const defect of all) await expectRefused(bench, defect);
  // Two defects at once: the one that is checked first is reported.
  const firsts = all.filter(
    ({ status }, i) => all.findIndex((other) => other.status === status) === i,
  );
  for (const [i, defect] of firsts.entries()) {
    for (const later of firsts.slice(i + 1)) await expectRefused(bench, defect, later.header);
  }
  expectEqual('record after refused BEGINs', memory(await bench.hello()), before);
  // A refusal changes nothing: a running session goes on.
  const image = bench.image({ seed: 6, size: bench.info.pageSize + 8 });
  await begin(bench, image);
  const next = await sendPage(bench, image, 0, 0);
  for (const defect of firsts) await expectRefused(bench, defect);
  expectEqual('next after refused BEGINs', (await progress(bench)).next, next);
  await sendPage(bench, image, 1, next);
  // The largest image that fits is taken; nothing of it is sent.
  const largest = bench.image({
    seed: 6,
    header: { imageSize: bench.info.appEnd - bench.info.appBase },
  });
  await begin(bench, largest);
  await bench.abort();
}

/** Two images that a device takes, begun in turn, must not wear its record out. */
async function makesNoEntry(bench: Bench): Promise<void> {
  await home(bench);
  const { sequence } = bench.info.installed;
  const before = memory(bench.info);
  const images = [81, 82].map((seed) => bench.image({ seed, size: bench.info.pageSize + 8 }));
  for (let i = 0; i < 4; i++) {
    for (const image of images) {
      const { begun } = await begin(bench, image);
      expectEqual('BEGIN of another image answered with begun', begun, Begun.STARTED);
    }
  }
  expectEqual('record after BEGINs in turn', memory(await bench.hello()), before);
  await sendPage(bench, images[1] as TestImage, 0, 0);
  const { installed } = await bench.hello();
  expectEqual('record entry of the first page', installed.sequence, sequence + 1);
  await bench.abort();
}

async function resumes(bench: Bench): Promise<void> {
  bench.needUpdates();
  const image = bench.image({ seed: 8, size: 2 * bench.info.pageSize + 8 });
  const first = await begin(bench, image);
  expectEqual('BEGIN of a new image answered with begun', first.begun, Begun.STARTED);
  const before = memory(await bench.hello());
  const resumed = async (what: string, next: number): Promise<void> => {
    const answer = await begin(bench, image);
    expectEqual(`${what} answered with begun`, answer.begun, Begun.RESUMED);
    expectEqual(`${what} answered with next`, answer.next, next);
  };
  await resumed('BEGIN again', 0);
  expectEqual('record after BEGIN again', memory(await bench.hello()), before);
  const next = await sendPage(bench, image, 0, 0);
  const { sequence } = (await bench.hello()).installed;
  await resumed('BEGIN in mid-update', next);
  // Half a page, then BEGIN: the next frame must open a page.
  const { pageSize } = bench.info;
  const [head] = pageFrames(bench, image, 1, next, {
    chunk: Math.min(64, pageSize / 4),
    ask: false,
  });
  if (head) await bench.wire.post(head);
  const middle = await begin(bench, image);
  const answer = await sendData(bench, [dataFrame(bench, middle.next, 1, new Uint8Array(16))]);
  expectStatus('bytes where a page head was due', answer.status, Status.PAGE_REJECTED);
  await bench.abort();
  await resumed('BEGIN after ABORT', 0);
  expectEqual('record entry after BEGINs', (await bench.hello()).installed.sequence, sequence);
  // Another update that is only begun does not take the place of one that wrote pages.
  const other = bench.image({ seed: 80 });
  await begin(bench, other);
  const back = await begin(bench, image);
  const what = 'BEGIN of an update with pages, after another one was begun,';
  expectEqual(`${what} answered with begun`, back.begun, Begun.RESUMED);
  expectEqual(`${what} goes on in entry`, (await bench.hello()).installed.sequence, sequence);
  await begin(bench, other);
  await bench.abort();
}

async function sameImage(bench: Bench): Promise<void> {
  const image = await home(bench);
  const before = memory(await bench.hello());
  const again = await begin(bench, image);
  expectEqual('BEGIN of the installed image answered with begun', again.begun, Begun.INSTALLED);
  await bench.refused(Status.NO_SESSION, Command.DATA, dataFrame(bench, 0, 1).payload);
  expectEqual('record', memory(await bench.hello()), before);
  const renewed = await begin(bench, image, BeginFlag.RENEW);
  expectEqual('BEGIN with RENEW answered with begun', renewed.begun, Begun.STARTED);
  expectEqual('next', (await progress(bench)).next, 0);
  const { sequence } = bench.info.installed;
  const { status, detail } = await end(bench, 0);
  expectStatus('END of the installed image, with RENEW', status, Status.OK, detail);
  const { installed } = await bench.hello();
  expectEqual('record entry of the image that was renewed', installed.sequence, sequence + 1);
}

async function repeats(bench: Bench): Promise<void> {
  bench.needUpdates();
  const image = bench.image({ seed: 12 });
  const begun = [await begin(bench, image), await begin(bench, image), await begin(bench, image)];
  expectEqual('BEGINs answered with', begun.map((answer) => answer.begun).join(), '0,1,1');
  const count = await sendAll(bench, image);
  for (let i = 0; i < 3; i++) {
    const answer = await end(bench, count);
    expectStatus(`END, time ${i + 1}`, answer.status, Status.OK, answer.detail);
    const { installed } = await bench.hello();
    expectTrue('the image installed and VALID', bench.has(image), `state ${installed.state}`);
  }
  const { sequence } = bench.info.installed;
  for (let i = 0; i < 3; i++) {
    const answer = await bench.abort();
    expectStatus(`ABORT, time ${i + 1}`, answer[0] ?? 0xff, Status.OK);
  }
  const { installed } = await bench.hello();
  expectEqual('sequence of the installed image', installed.sequence, sequence);
  expectTrue('the image still VALID', bench.has(image), `state ${installed.state}`);
}

async function abort(bench: Bench): Promise<void> {
  const old = await home(bench);
  const { sequence } = (await bench.hello()).installed;
  const image = bench.image({ seed: 13, size: bench.info.pageSize + 8 });
  await begin(bench, image);
  await bench.abort();
  const after = await bench.hello();
  expectEqual('state of the pending image after ABORT', after.pending.state, 0);
  expectEqual('installed image after ABORT', after.installed.sequence, sequence);
  await bench.refused(Status.NO_SESSION, Command.DATA, dataFrame(bench, 0, 1).payload);
  expectTrue('the old image VALID and good', bench.has(old), `state ${after.installed.state}`);

  const again = await begin(bench, image);
  expectEqual('BEGIN after it was forgotten answered with begun', again.begun, Begun.STARTED);
  await sendPage(bench, image, 1, 0);
  await bench.abort();
  const { installed } = await bench.hello();
  const shown = installed.state & (ImageState.PRESENT | ImageState.TOUCHED | ImageState.VALID);
  expectEqual(
    'state of the image that was touched',
    shown,
    ImageState.PRESENT | ImageState.TOUCHED,
  );
  expectTrue(
    'the touched image installed',
    sameBytes(installed.sha256, digestIn(image)),
    'another',
  );
  const resumed = await begin(bench, image);
  expectEqual('BEGIN of the touched image answered with begun', resumed.begun, Begun.RESUMED);
  await bench.abort();
}

export const BEGIN_CHECKS: readonly Check[] = [
  {
    id: 'begin-refused',
    requirements: ['B-30'],
    title: 'BEGIN refuses in order, before anything is written',
    run: refused,
  },
  {
    id: 'begin-resumes',
    requirements: ['B-31'],
    title: 'BEGIN goes on with what is begun, without a write',
    run: resumes,
  },
  {
    id: 'begin-makes-no-entry',
    requirements: ['B-48'],
    title: 'images begun in turn write nothing',
    run: makesNoEntry,
  },
  {
    id: 'same-image',
    requirements: ['B-32'],
    title: 'the installed image is not installed again, but with RENEW',
    run: sameImage,
  },
  {
    id: 'repeats',
    requirements: ['B-40'],
    title: 'BEGIN, END and ABORT are safe to repeat',
    run: repeats,
  },
  {
    id: 'abort',
    requirements: ['B-41'],
    title: 'ABORT forgets what wrote no page, and nothing else',
    run: abort,
  },
];
