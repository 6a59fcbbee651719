// Every way through the page, without a page.
import { describe, expect, test } from 'vitest';
import type { DeviceFacts } from '../../host/web/device-facts.js';
import type { Fault, FaultCode } from '../../host/web/fault.js';
import type { Firmware } from '../../host/web/firmware.js';
import {
  type Action,
  isBusy,
  isRisky,
  next,
  type Port,
  type Result,
  START,
  type State,
} from '../../host/web/flow.js';
import { reportJson, reportOf, reportText } from '../../host/web/report.js';
import { LANGUAGES } from '../../host/web/texts/language.js';

const firmware: Firmware = {
  file: 'pump.iap',
  format: 'package',
  size: 5000,
  sha256: 'ab'.repeat(32),
  facts: { version: '1.4.0', hardware: [1, 3] },
  name: { en: 'Pump' },
  warnings: [],
};
const device: DeviceFacts = {
  part: 'stm32f103xb',
  hardware: 1,
  serial: 'SN1',
  uniqueId: '01'.repeat(12),
  running: 'application',
  stay: 'NONE',
};
const port: Port = { kind: 'serial', id: { usbVendorId: 0x403, usbProductId: 0x6001, nth: 0 } };
const fault = (code: FaultCode, details: Fault['details'] = {}): Fault => ({
  code,
  message: code,
  details,
});
const result: Result = {
  changed: true,
  boot: 'started',
  bytes: 5000,
  pagesTotal: 3,
  pagesSent: 3,
  bytesSent: 5000,
  bytesEncoded: 5000,
  seconds: 1.2,
  rate: 115200,
  allowed: [],
};

interface Seen {
  readonly state: State;
  readonly effects: readonly string[];
}

/** All these actions in turn, and the effects of the last one */
function run(...actions: readonly Action[]): Seen {
  let seen: Seen = { state: START, effects: [] };
  for (const action of actions) {
    const { state, effects } = next(seen.state, action);
    seen = { state, effects: effects.map(({ effect }) => effect) };
  }
  return seen;
}

const LOADED: readonly Action[] = [{ do: 'load' }, { do: 'loaded', firmware }];
const FOUND: readonly Action[] = [...LOADED, { do: 'choose-port', port }, { do: 'found', device }];
const UPDATING: readonly Action[] = [...FOUND, { do: 'install' }, { do: 'device', device }];
const progress: Action = {
  do: 'event',
  event: { event: 'progress', bytesDone: 2048, bytesTotal: 5000, rate: 9000, secondsLeft: 1 },
};
const resumable = fault('PORT_LOST', { resumable: true });

describe('the way that everybody hopes for', () => {
  test('firmware, port, device, update, done', () => {
    expect(run({ do: 'load' }).state.step.at).toBe('loading');
    expect(run(...LOADED).state.step.at).toBe('port');
    const finding = run(...LOADED, { do: 'choose-port', port });
    expect(finding).toMatchObject({ state: { step: { at: 'finding' } }, effects: ['find'] });
    expect(run(...FOUND).state.step).toEqual({ at: 'found', device });
    const begun = run(...FOUND, { do: 'install' });
    expect(begun.effects).toEqual(['update']);
    expect(begun.state.step).toEqual({ at: 'updating', phase: 'connecting', resumed: false });
    const met = run(...UPDATING);
    expect(met.effects).toEqual(['remember']);
    expect(met.state.only).toBe(device.uniqueId);
    expect(run(...UPDATING, progress).state.step).toMatchObject({
      phase: 'sending',
      progress: { bytesDone: 2048 },
    });
    const done = run(...UPDATING, progress, { do: 'installed', result, device });
    expect(done).toMatchObject({ state: { step: { at: 'done', result } }, effects: ['forget'] });
    expect(done.state.only).toBeUndefined();
  });

  test('then another device', () => {
    const { state } = run(...UPDATING, { do: 'installed', result, device }, { do: 'other-port' });
    expect(state).toMatchObject({ step: { at: 'port' }, firmware });
  });

  test('phases follow the events', () => {
    const phase = (...events: Extract<Action, { do: 'event' }>['event'][]): unknown => {
      const { step } = run(
        ...UPDATING,
        ...events.map((event) => ({ do: 'event', event }) as const),
      ).state;
      return step.at === 'updating' ? step.phase : step.at;
    };
    expect(phase({ event: 'comparing', pages: 3 })).toBe('comparing');
    expect(phase({ event: 'verifying' })).toBe('verifying');
    expect(phase({ event: 'booting' })).toBe('starting');
    const plan = {
      event: 'plan',
      pagesTotal: 3,
      pagesToSend: 2,
      bytesToSend: 4096,
      resumed: true,
    } as const;
    expect(run(...UPDATING, { do: 'event', event: plan }).state.step).toMatchObject({
      resumed: true,
      progress: { bytesDone: 0, bytesTotal: 4096 },
    });
  });

  test('what is looked for again is found with the next event', () => {
    const lost = { do: 'event', event: { event: 'reconnecting', reason: 'x' } } as const;
    expect(run(...UPDATING, lost).state.step).toMatchObject({ again: true });
    expect(run(...UPDATING, lost, progress).state.step).not.toHaveProperty('again');
  });
});

describe('what does not fit', () => {
  test('firmware that is none', () => {
    const { state } = run({ do: 'load' }, { do: 'not-loaded', fault: fault('IMAGE_FORMAT') });
    expect(state.step).toMatchObject({ at: 'firmware', fault: { code: 'IMAGE_FORMAT' } });
    expect(state.firmware).toBeUndefined();
  });

  test('a device of another product is told before anything is done to it', () => {
    const wrong = fault('IMAGE_WRONG_PRODUCT');
    const { state } = run(
      ...LOADED,
      { do: 'choose-port', port },
      { do: 'found', device, fault: wrong },
    );
    expect(state.step).toEqual({ at: 'found', device, fault: wrong });
    expect(state.only).toBeUndefined();
  });

  test('nobody there: again, or with a reset', () => {
    const silent = [
      ...LOADED,
      { do: 'choose-port', port },
      { do: 'failed', fault: fault('NO_ANSWER') },
    ] as const;
    expect(run(...silent).state.step).toMatchObject({ at: 'failed', stage: 'find' });
    const waiting = run(...silent, { do: 'install', wait: true });
    expect(waiting.state.step).toMatchObject({ at: 'updating', phase: 'waiting' });
    expect(waiting.effects).toEqual(['update']);
  });

  test('no port was chosen', () => {
    const { state } = run(...LOADED, { do: 'no-port', fault: fault('NO_PORT_CHOSEN') });
    expect(state.step).toMatchObject({ at: 'port', fault: { code: 'NO_PORT_CHOSEN' } });
  });

  test('a failure that wrote nothing leaves nothing to go on with', () => {
    const failed = run(...UPDATING, { do: 'failed', fault: fault('IMAGE_ROLLBACK') });
    expect(failed.effects).toEqual(['forget']);
    expect(failed.state.only).toBeUndefined();
  });

  test('one in mid-update does', () => {
    const failed = run(...UPDATING, {
      do: 'failed',
      fault: fault('LINK_LOST', { resumable: true }),
    });
    expect(failed.state.only).toBe(device.uniqueId);
    expect(failed.effects).toEqual([]);
    const again = run(
      ...UPDATING,
      { do: 'failed', fault: fault('LINK_LOST', { resumable: true }) },
      { do: 'install' },
    );
    expect(again.state.step).toMatchObject({ at: 'updating', resumed: true });
    expect(again.state.only).toBe(device.uniqueId);
  });
});

describe('a cable that is pulled', () => {
  const LOST: readonly Action[] = [...UPDATING, { do: 'failed', fault: resumable }];

  test('is waited for, and the update goes on with the same device', () => {
    expect(run(...LOST).state.step.at).toBe('lost');
    const back = run(...LOST, { do: 'plugged-in', port });
    expect(back.effects).toEqual(['update']);
    expect(back.state).toMatchObject({
      only: device.uniqueId,
      step: { at: 'updating', resumed: true },
    });
  });

  test('is known to the browser before the worker hears of it', () => {
    const stopped = run(...UPDATING, { do: 'unplugged' });
    expect(stopped.effects).toEqual(['stop']);
    const lost = run(
      ...UPDATING,
      { do: 'unplugged' },
      { do: 'failed', fault: fault('INTERRUPTED') },
    );
    expect(lost.state.step).toMatchObject({ at: 'lost', fault: { code: 'PORT_LOST' } });
  });

  test('no port chosen then: it still waits', () => {
    const { state } = run(...LOST, { do: 'no-port', fault: fault('NO_PORT_CHOSEN') });
    expect(state.step).toMatchObject({ at: 'lost', fault: { code: 'NO_PORT_CHOSEN' } });
  });

  test('given up, it can still be gone on with', () => {
    const { state } = run(...LOST, { do: 'stop' });
    expect(state).toMatchObject({ only: device.uniqueId, step: { at: 'failed', stage: 'update' } });
  });

  test('begun anew, any device will do', () => {
    const { state, effects } = run(...LOST, { do: 'stop' }, { do: 'other-port' });
    expect(state.only).toBeUndefined();
    expect(effects).toEqual(['forget']);
  });

  test('a search that is cancelled leads back to the ports', () => {
    const { state } = run(
      ...LOADED,
      { do: 'choose-port', port },
      { do: 'stop' },
      { do: 'failed', fault: fault('INTERRUPTED') },
    );
    expect(state.step).toEqual({ at: 'port' });
  });

  test('while a device is looked for: nothing to go on with', () => {
    const { state } = run(
      ...LOADED,
      { do: 'choose-port', port },
      { do: 'failed', fault: resumable },
    );
    expect(state.step).toMatchObject({ at: 'failed', stage: 'find' });
  });
});

describe('a page that was closed in mid-update', () => {
  const back: Action = { do: 'interrupted', port, only: device.uniqueId };

  test('goes on as soon as its port is there', () => {
    const loaded = run(back, { do: 'loaded', firmware });
    expect(loaded.state).toMatchObject({ step: { at: 'lost', fault: { code: 'INTERRUPTED' } } });
    const on = run(back, { do: 'loaded', firmware }, { do: 'plugged-in', port });
    expect(on).toMatchObject({ state: { only: device.uniqueId }, effects: ['update'] });
  });

  test('asks for the file where the browser has not kept it', () => {
    const gone = fault('FIRMWARE_GONE');
    const { state } = run(
      back,
      { do: 'not-loaded', fault: gone },
      { do: 'load' },
      { do: 'loaded', firmware },
    );
    expect(state).toMatchObject({ only: device.uniqueId, step: { at: 'lost' } });
  });
});

describe('the device on the screen', () => {
  const meant = (...actions: readonly Action[]): unknown => {
    const before = run(...actions.slice(0, -1)).state;
    return next(before, actions.at(-1) as Action).effects;
  };
  const update = { effect: 'update', wait: false };

  test('is the only one that is updated, although nothing is begun yet', () => {
    expect(meant(...FOUND, { do: 'install' })).toEqual([{ ...update, only: device.uniqueId }]);
    expect(run(...FOUND, { do: 'install' }).state.only).toBeUndefined();
    const other = [{ do: 'install' }, { do: 'failed', fault: fault('OTHER_DEVICE') }] as const;
    expect(run(...FOUND, ...other).state.only).toBeUndefined();
    const again = meant(...FOUND, ...other, { do: 'install' });
    expect(again).toEqual([{ ...update, only: device.uniqueId }]);
  });

  test('at another port: whoever is there', () => {
    const silent = { do: 'failed', fault: fault('NO_ANSWER') } as const;
    const elsewhere = [{ do: 'other-port' }, { do: 'choose-port', port }, silent] as const;
    const { state } = run(...FOUND, ...elsewhere);
    expect(state.device).toBeUndefined();
    expect(meant(...FOUND, ...elsewhere, { do: 'install' })).toEqual([update]);
  });

  test('is not there any more when its adapter is gone', () => {
    const { state } = run(...FOUND, { do: 'unplugged' });
    expect(state).toMatchObject({ step: { at: 'port' }, device: undefined });
    const demo = run(
      ...LOADED,
      { do: 'choose-port', port: { kind: 'demo' } },
      { do: 'found', device },
    );
    expect(next(demo.state, { do: 'unplugged' }).state).toBe(demo.state);
  });
});

describe('demo firmware', () => {
  const loadDemo: readonly Action[] = [
    { do: 'load', demo: true },
    { do: 'loaded', firmware: { ...firmware, demo: true } },
  ];
  const gone = fault('FIRMWARE_GONE');

  test('has nothing to do with what was begun', () => {
    const back: Action = { do: 'interrupted', port, only: device.uniqueId };
    const begun = run(back, { do: 'not-loaded', fault: gone }, { do: 'load', demo: true });
    expect(begun.effects).toEqual(['forget']);
    const { state } = run(back, { do: 'not-loaded', fault: gone }, ...loadDemo);
    expect(state).toMatchObject({ only: undefined, port: undefined, step: { at: 'port' } });
  });

  test('takes the demo device alone', () => {
    const { state } = run(...loadDemo);
    expect(next(state, { do: 'choose-port', port })).toEqual({ state, effects: [] });
    const demo = next(state, { do: 'choose-port', port: { kind: 'demo' } });
    expect(demo.state.step.at).toBe('finding');
  });
});

test('while firmware is loaded nothing is begun with the one before', () => {
  const { state } = run(...FOUND, { do: 'load' });
  const others: readonly Action[] = [
    { do: 'choose-port', port },
    { do: 'install' },
    { do: 'other-port' },
  ];
  for (const action of others) expect(next(state, action)).toEqual({ state, effects: [] });
});

test('other firmware instead of an update that was begun: it is forgotten', () => {
  const failed = { do: 'failed', fault: fault('LINK_LOST', { resumable: true }) } as const;
  const { state, effects } = run(...UPDATING, failed, { do: 'load' });
  expect(effects).toEqual(['forget']);
  expect(state.only).toBeUndefined();
});

test('while it updates nothing else is begun', () => {
  const busy = run(...UPDATING, progress).state;
  const others: readonly Action[] = [
    { do: 'load' },
    { do: 'loaded', firmware },
    { do: 'other-firmware' },
    { do: 'other-port' },
    { do: 'choose-port', port },
    { do: 'install' },
    { do: 'found', device },
    { do: 'plugged-in', port },
    { do: 'no-port', fault: fault('NO_PORT_CHOSEN') },
  ];
  for (const action of others) expect(next(busy, action)).toEqual({ state: busy, effects: [] });
  expect(isBusy(busy) && isRisky(busy)).toBe(true);
  expect(next(busy, { do: 'stop' }).effects).toEqual([{ effect: 'stop' }]);
});

test('leaving the page is no risk while nothing is written', () => {
  for (const actions of [LOADED, FOUND, [...LOADED, { do: 'choose-port', port } as const]]) {
    expect(isRisky(run(...actions).state)).toBe(false);
  }
});

describe('the report', () => {
  const now = new Date('2026-01-02T03:04:05Z');

  test('of a success', () => {
    const { state } = run(...UPDATING, { do: 'installed', result, device });
    const report = reportOf(state, now, 'Browser 1');
    expect(JSON.parse(reportJson(report))).toMatchObject({
      report: 'iap-update',
      format: 1,
      time: '2026-01-02T03:04:05.000Z',
      ok: true,
      demo: false,
      firmware: { file: 'pump.iap', sha256: 'ab'.repeat(32) },
      device: { uniqueId: device.uniqueId },
      result: { pagesSent: 3 },
    });
    expect(reportText(report, LANGUAGES.zh)).toContain('升级完成');
  });

  test('of a failure, with what was told', () => {
    const warning = {
      do: 'event',
      event: { event: 'warning', code: 'RATE', message: 'slow' },
    } as const;
    const { state } = run(...UPDATING, warning, {
      do: 'failed',
      fault: fault('LINK_LOST', { resumable: true }),
    });
    const report = reportOf(state, now, 'Browser 1');
    expect(report).toMatchObject({ ok: false, fault: { code: 'LINK_LOST' }, warnings: ['slow'] });
    const text = reportText(report, LANGUAGES.en);
    expect(text).toContain('LINK_LOST: The device stopped answering.');
    expect(text).toContain('slow');
  });
});
