// Section 4: the security counter, as far as it shows from outside.
import { Command, Status } from '../../../protocol/index.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual, NotTestable } from '../deviation.js';
import { begin, beginPayload, home, install, pagesOf, sendPage } from '../update.js';

const EVERYTHING = 0xffff_ffff;

/** An update that is not VALID must not raise the floor: one BEGIN would lock the device for ever. */
async function rollback(bench: Bench): Promise<void> {
  await home(bench);
  const { counter } = bench;
  if (counter > 0) {
    const { header } = bench.image({ seed: 14, header: { securityCounter: counter - 1 } });
    const floor = await bench.refused(Status.ROLLBACK, Command.BEGIN, beginPayload(header));
    expectEqual('detail of ROLLBACK', floor, counter);
  }
  const huge = bench.image({
    seed: 15,
    size: 2 * bench.info.pageSize,
    header: { securityCounter: EVERYTHING },
  });
  await begin(bench, huge);
  await sendPage(bench, huge, 0, 0);
  await bench.abort();
  const image = bench.image({ seed: 16 });
  expectEqual('pages', pagesOf(bench, image), 1);
  await install(bench, image);
}

/** Can not be undone: the device never again takes an image below the new floor. */
async function floor(bench: Bench): Promise<void> {
  bench.needUpdates();
  if (!bench.permanent)
    throw new NotTestable('raises the security counter for ever; needs --permanent');
  const raised = bench.counter + 2;
  await install(bench, bench.image({ seed: 17, header: { securityCounter: raised } }));
  const { header } = bench.image({ seed: 18, header: { securityCounter: raised - 1 } });
  const detail = await bench.refused(Status.ROLLBACK, Command.BEGIN, beginPayload(header));
  bench.counter = raised;
  expectEqual('detail of ROLLBACK', detail, raised);
  await install(bench, bench.image({ seed: 19 }));
}

export const COUNTER_CHECKS: readonly Check[] = [
  {
    id: 'rollback',
    requirements: ['B-58'],
    title: 'an unverified image does not raise the floor',
    run: rollback,
  },
  {
    id: 'floor',
    requirements: ['B-58', 'B-30'],
    title: 'a verified image raises the floor',
    run: floor,
  },
];
