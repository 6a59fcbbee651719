// What iap info says of an image on trial, whoever answers.
import { expect, test } from 'vitest';
import { deviceTable } from '../../host/cli/describe.js';
import { decode, HelloResponse, ImageState, Mode, Stay } from '../../protocol/index.js';

const GOOD =
  ImageState.PRESENT | ImageState.TOUCHED | ImageState.VALID | ImageState.CHECKED | ImageState.GOOD;

test.each([
  { mode: Mode.APP, state: GOOD, trials: 0, stay: Stay.NONE, said: 'good' },
  {
    mode: Mode.APP,
    state: GOOD,
    trials: 3,
    stay: Stay.NONE,
    said: 'good, on trial: not confirmed yet',
  },
  {
    mode: Mode.APP,
    state: GOOD,
    trials: 3,
    stay: Stay.TRIALS_USED,
    said: 'good, but it never confirmed itself: its trial boots are used up',
  },
  {
    mode: Mode.APP,
    state: GOOD | ImageState.CONFIRMED,
    trials: 3,
    stay: Stay.TRIALS_USED,
    said: 'good, confirmed by the application',
  },
  {
    mode: Mode.BOOTLOADER,
    state: GOOD | ImageState.TRIALS_USED,
    trials: 3,
    stay: Stay.TRIALS_USED,
    said: 'trial boots used up',
  },
])(
  '$trials starts, state $state, stayed for $stay: $said',
  ({ mode, state, trials, stay, said }) => {
    const blank = decode(HelloResponse, new Uint8Array(HelloResponse.size));
    const installed = { ...blank.installed, state, trials };
    const lines = deviceTable({ ...blank, mode, stay, installed });
    expect(lines.find((line) => line.startsWith('  state'))).toBe(
      `${'  state'.padEnd(18)} ${said}`,
    );
  },
);
