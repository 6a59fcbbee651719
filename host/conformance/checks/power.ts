// Section 6: power cut at some instants of an update. The exploration in test/explore cuts at every one.
import { Command, ImageState, Stay } from '../../../protocol/index.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import { noise } from '../image.js';
import {
  begin,
  beginPayload,
  end,
  expectStatus,
  home,
  install,
  pageFrames,
  sendAll,
  sendPage,
} from '../update.js';

const CUTS = 4;
/** Long enough for the decision to be made [ms] */
const DECIDED_MS = 400;

async function cuts(bench: Bench): Promise<void> {
  const power = bench.needPower();
  const old = await home(bench);
  const random = noise(60, CUTS);
  for (let i = 0; i < CUTS; i++) {
    const image = bench.image({ seed: 60 + i, size: 2 * bench.info.pageSize + 8 });
    // Before, in and after BEGIN; in and after pages
    if (i === 0) {
      await bench.wire.post(bench.frame(Command.BEGIN, beginPayload(image.header)));
      await bench.wire.sleep((random[i] ?? 0) / 16);
    } else {
      await begin(bench, image);
      const next = i > 1 ? await sendPage(bench, image, 0, 0) : 0;
      await bench.wire.post(...pageFrames(bench, image, 1, next, { ask: false }));
      await bench.wire.sleep(bench.wire.freeAt - bench.clock.now() + (random[i] ?? 0) / 4);
    }
    await bench.powerOff();
    await power.on();
    await bench.acquire();
    const { installed } = await bench.hello();
    const whole = bench.has(old);
    const unfinished =
      (installed.state & (ImageState.TOUCHED | ImageState.VALID)) === ImageState.TOUCHED;
    if (!whole && !unfinished)
      throw new Deviation(
        'the old image whole, or the new one unfinished',
        `state ${installed.state}`,
      );
    const { next } = await begin(bench, image);
    expectEqual('next after a cut', next, 0);
    const { status, detail } = await end(bench, await sendAll(bench, image));
    expectStatus('END after a cut', status, 0, detail);
    await bench.hello();
    expectTrue('the new image installed', bench.has(image), `state ${bench.info.installed.state}`);
    if (i < CUTS - 1)
      await install(
        bench,
        bench.image({ seed: 1, header: { buildId: new Uint8Array(20).fill(i + 1) } }),
      );
  }
}

/** With a page of the new image written, nothing may start. */
async function staysUnfinished(bench: Bench): Promise<void> {
  const power = bench.needPower();
  await home(bench);
  const image = bench.image({ seed: 70, size: bench.info.pageSize + 8 });
  await begin(bench, image);
  await sendPage(bench, image, 1, 0);
  await bench.powerOff();
  await power.on();
  await bench.wire.sleep(DECIDED_MS + 5 * DECIDED_MS);
  const info = await bench.hello(false);
  expectEqual('stay', info.stay, Stay.IN_PROGRESS);
}

export const POWER_CHECKS: readonly Check[] = [
  {
    id: 'power-cut',
    requirements: ['B-80', 'B-82'],
    title: 'after power cuts it answers and the next update completes',
    run: cuts,
  },
  {
    id: 'unfinished',
    requirements: ['B-81'],
    title: 'an unfinished image is not started after power was cut',
    run: staysUnfinished,
  },
];
