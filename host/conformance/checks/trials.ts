// Section 5: trial boots of an image that never confirms itself.
import {
  Capability,
  Command,
  HelloResponse,
  ImageFlag,
  ImageState,
  RECORD_TRIALS,
  Stay,
} from '../../../protocol/index.js';
import { nameOf } from '../../base/text.js';
import { readAnswer } from '../answers.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { Deviation, expectEqual, expectTrue } from '../deviation.js';
import { LEAST_PAUSE_MS } from '../image.js';
import { helloPoll, type Poll, poll, stretches } from '../polls.js';
import { install } from '../update.js';
import { boot, CYCLE_MS } from './start.js';

async function trials(bench: Bench): Promise<void> {
  bench.needUpdates();
  bench.needCapability(Capability.CONFIRM, 'CONFIRM');
  const image = bench.image({ seed: 50, header: { flags: ImageFlag.CONFIRM } });
  await install(bench, image);
  await boot(bench);
  let used = 0;
  const polls = await poll(
    bench,
    (RECORD_TRIALS + 1) * CYCLE_MS,
    (all) => {
      const info = lastHello(all);
      used = Math.max(used, info?.installed.trials ?? 0);
      return info?.stay === Stay.TRIALS_USED;
    },
    helloPoll(bench),
  );
  const info = lastHello(polls);
  if (info?.stay !== Stay.TRIALS_USED) {
    throw new Deviation(
      `stay TRIALS_USED after at most ${RECORD_TRIALS} starts`,
      info ? nameOf(Stay, info.stay) : 'no answer',
    );
  }
  expectTrue(
    `1 to ${RECORD_TRIALS} trial boots counted`,
    used >= 1 && used <= RECORD_TRIALS,
    String(used),
  );
  const silences = stretches(polls).filter(
    (s) => !s.answered && (s.after ?? s.last) - s.first >= LEAST_PAUSE_MS / 2,
  );
  expectTrue(
    'as many starts as trial boots',
    silences.length <= used,
    `${silences.length} starts, ${used} counted`,
  );
  expectTrue(
    'TRIALS_USED in the state',
    (info.installed.state & ImageState.TRIALS_USED) !== 0,
    `state ${info.installed.state}`,
  );
  // It stays for a minute; a part of it is enough to tell it from a listening window.
  await bench.wire.sleep(3000);
  const later = await bench.hello(false);
  expectEqual('stay three seconds later', nameOf(Stay, later.stay), 'TRIALS_USED');
}

function lastHello(polls: readonly Poll[]): HelloResponse | undefined {
  const answer = polls.findLast((p) => p.answer !== undefined)?.answer;
  return answer && readAnswer(Command.HELLO, answer, HelloResponse);
}

export const TRIAL_CHECKS: readonly Check[] = [
  {
    id: 'trials',
    requirements: ['B-68'],
    title: 'an unconfirmed image uses up its trial boots',
    run: trials,
  },
];
