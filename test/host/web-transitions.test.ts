// What each action makes of each state of the page; of a state that is not named it makes nothing. A table, so it
// may be long.
import { expect, test } from 'vitest';
import type { UpdateEvent } from '../../host/update/events.js';
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
  type State,
  type Step,
} from '../../host/web/flow.js';

const firmware: Firmware = { file: 'a', format: 'binary', size: 3, sha256: '', warnings: [] };
const other: Firmware = { ...firmware, file: 'b' };
const deviceOf = (uniqueId: string): DeviceFacts => ({
  ...{ part: '', hardware: 1, serial: '', running: 'application', stay: 'NONE' },
  uniqueId,
});
const device = deviceOf('first');
const another = deviceOf('another');
const port: Port = { kind: 'serial', id: { nth: 0 }, name: 'FTDI' };
const second: Port = { kind: 'serial', id: { nth: 1 }, name: 'WCH' };
const demo: Port = { kind: 'demo' };
const faultOf = (code: FaultCode, details: Fault['details'] = {}): Fault => ({
  code,
  message: '',
  details,
});
const result = { changed: true } as Result;
const fault = faultOf('LINK_LOST');
const warnings = ['told before'];

const updating = { at: 'updating', phase: 'sending', resumed: false } as const;
/** Those that differ in what may follow */
const STATES: Readonly<Record<string, State>> = {
  loading: { step: { at: 'loading' }, port, warnings },
  'loading to go on': { step: { at: 'loading' }, port, only: 'first', warnings },
  firmware: { step: { at: 'firmware' }, warnings },
  'firmware to go on': { step: { at: 'firmware', fault }, port, only: 'first', warnings },
  port: { step: { at: 'port' }, firmware, warnings },
  'port for the demo': { step: { at: 'port' }, firmware: { ...firmware, demo: true }, warnings },
  finding: { step: { at: 'finding' }, firmware, port, warnings },
  found: { step: { at: 'found', device }, firmware, port, device, warnings },
  'found, the demo': { step: { at: 'found', device }, firmware, port: demo, device, warnings },
  connecting: { step: updating, firmware, port, device, warnings },
  writing: { step: updating, firmware, port, device, only: 'first', warnings },
  'writing, resumed': {
    step: { ...updating, resumed: true, again: true },
    ...{ firmware, port, device, only: 'first', warnings },
  },
  pulled: {
    step: { ...updating, pulled: true },
    ...{ firmware, port, device, only: 'first', warnings },
  },
  lost: { step: { at: 'lost', fault }, firmware, port, device, only: 'first', warnings },
  'lost, the demo': {
    step: { at: 'lost', fault },
    ...{
      firmware: { ...firmware, demo: true as const },
      port: demo,
      device,
      only: 'first',
      warnings,
    },
  },
  done: { step: { at: 'done', result }, firmware, port, device, warnings },
  'not found': { step: { at: 'failed', fault, stage: 'find' }, firmware, port, warnings },
  failed: {
    step: { at: 'failed', fault, stage: 'update' },
    ...{ firmware, port, device, only: 'first', warnings },
  },
};

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value}]`;
  const { code, file, uniqueId, name, kind } = value as Readonly<Record<string, string>>;
  return code ?? file ?? uniqueId ?? name ?? kind ?? JSON.stringify(value);
}

function stepText({ at, ...rest }: Step): string {
  const more = Object.entries(rest).map(([key, value]) => `${key}=${textOf(value)}`);
  return [at, ...more].join(' ');
}

/** What is another than before, and what is to be done */
function changeOf(before: State, action: Action): string | undefined {
  const { state, effects } = next(before, action);
  const keys = ['firmware', 'port', 'device', 'only', 'warnings'] as const;
  const all = [
    ...(state.step === before.step ? [] : [`→ ${stepText(state.step)}`]),
    ...keys
      .filter((key) => state[key] !== before[key])
      .map((key) => `${key}: ${textOf(state[key])}`),
    ...effects.map(({ effect, ...rest }) => {
      const more = Object.entries(rest).map(([key, value]) => `${key}=${textOf(value)}`);
      return `! ${[effect, ...more].join(' ')}`;
    }),
  ];
  if (all.length === 0) expect(state).toBe(before);
  return all.length === 0 ? undefined : all.join(', ');
}

function changes(action: Action): Record<string, string> {
  const all = Object.entries(STATES).map(
    ([name, state]) => [name, changeOf(state, action)] as const,
  );
  return Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== undefined));
}

test('an interrupted update is gone on with', () => {
  expect(changes({ do: 'interrupted', port: second, only: 'another' })).toEqual({
    loading: 'port: WCH, only: another',
    'loading to go on': 'port: WCH, only: another',
  });
});

test('firmware is loaded', () => {
  expect(changes({ do: 'load' })).toEqual({
    done: '→ loading, warnings: [], ! forget',
    failed: '→ loading, only: undefined, warnings: [], ! forget',
    firmware: '→ loading',
    'firmware to go on': '→ loading',
    found: '→ loading, warnings: [], ! forget',
    'found, the demo': '→ loading, warnings: [], ! forget',
    loading: '→ loading',
    'loading to go on': '→ loading',
    'not found': '→ loading, warnings: [], ! forget',
    port: '→ loading, warnings: [], ! forget',
    'port for the demo': '→ loading, warnings: [], ! forget',
  });
});

test('demo firmware is loaded', () => {
  expect(changes({ do: 'load', demo: true })).toEqual({
    done: '→ loading, port: undefined, warnings: [], ! forget',
    failed: '→ loading, port: undefined, only: undefined, warnings: [], ! forget',
    firmware: '→ loading, warnings: [], ! forget',
    'firmware to go on': '→ loading, port: undefined, only: undefined, warnings: [], ! forget',
    found: '→ loading, port: undefined, warnings: [], ! forget',
    'found, the demo': '→ loading, port: undefined, warnings: [], ! forget',
    loading: '→ loading, port: undefined, warnings: [], ! forget',
    'loading to go on': '→ loading, port: undefined, only: undefined, warnings: [], ! forget',
    'not found': '→ loading, port: undefined, warnings: [], ! forget',
    port: '→ loading, warnings: [], ! forget',
    'port for the demo': '→ loading, warnings: [], ! forget',
  });
});

test('it is loaded', () => {
  expect(changes({ do: 'loaded', firmware: other })).toEqual({
    loading: '→ port, firmware: b',
    'loading to go on': '→ lost fault=INTERRUPTED, firmware: b',
  });
});

test('it could not be loaded', () => {
  expect(changes({ do: 'not-loaded', fault: faultOf('IMAGE_FORMAT') })).toEqual({
    loading: '→ firmware fault=IMAGE_FORMAT',
    'loading to go on': '→ firmware fault=IMAGE_FORMAT',
  });
});

test('other firmware is wanted', () => {
  expect(changes({ do: 'other-firmware' })).toEqual({
    done: '→ firmware, warnings: [], ! forget',
    failed: '→ firmware, only: undefined, warnings: [], ! forget',
    firmware: '→ firmware, warnings: [], ! forget',
    'firmware to go on': '→ firmware, only: undefined, warnings: [], ! forget',
    found: '→ firmware, warnings: [], ! forget',
    'found, the demo': '→ firmware, warnings: [], ! forget',
    loading: '→ firmware, warnings: [], ! forget',
    'loading to go on': '→ firmware, only: undefined, warnings: [], ! forget',
    'not found': '→ firmware, warnings: [], ! forget',
    port: '→ firmware, warnings: [], ! forget',
    'port for the demo': '→ firmware, warnings: [], ! forget',
  });
});

test('a port is chosen', () => {
  expect(changes({ do: 'choose-port', port: second })).toEqual({
    done: '→ finding, port: WCH, device: undefined, warnings: [], ! find',
    failed: '→ updating phase=connecting resumed=true, port: WCH, ! update wait=false only=first',
    found: '→ finding, port: WCH, device: undefined, warnings: [], ! find',
    'found, the demo': '→ finding, port: WCH, device: undefined, warnings: [], ! find',
    'not found': '→ finding, port: WCH, warnings: [], ! find',
    port: '→ finding, port: WCH, warnings: [], ! find',
  });
});

test('none is chosen', () => {
  expect(changes({ do: 'no-port', fault: faultOf('NO_PORT_CHOSEN') })).toEqual({
    done: '→ port fault=NO_PORT_CHOSEN',
    failed: '→ port fault=NO_PORT_CHOSEN',
    firmware: '→ port fault=NO_PORT_CHOSEN',
    'firmware to go on': '→ port fault=NO_PORT_CHOSEN',
    found: '→ port fault=NO_PORT_CHOSEN',
    'found, the demo': '→ port fault=NO_PORT_CHOSEN',
    loading: '→ port fault=NO_PORT_CHOSEN',
    'loading to go on': '→ port fault=NO_PORT_CHOSEN',
    lost: '→ lost fault=NO_PORT_CHOSEN',
    'lost, the demo': '→ lost fault=NO_PORT_CHOSEN',
    'not found': '→ port fault=NO_PORT_CHOSEN',
    port: '→ port fault=NO_PORT_CHOSEN',
    'port for the demo': '→ port fault=NO_PORT_CHOSEN',
  });
});

test('another port is wanted', () => {
  expect(changes({ do: 'other-port' })).toEqual({
    done: '→ port, device: undefined, warnings: [], ! forget',
    failed: '→ port, device: undefined, only: undefined, warnings: [], ! forget',
    found: '→ port, device: undefined, warnings: [], ! forget',
    'found, the demo': '→ port, device: undefined, warnings: [], ! forget',
    'not found': '→ port, warnings: [], ! forget',
    port: '→ port, warnings: [], ! forget',
    'port for the demo': '→ port, warnings: [], ! forget',
  });
});

test('a device answers', () => {
  expect(changes({ do: 'found', device: another })).toEqual({
    finding: '→ found device=another, device: another',
  });
});

test('a device answers that the firmware is not for', () => {
  const wrong = faultOf('IMAGE_WRONG_PRODUCT');
  expect(changes({ do: 'found', device: another, fault: wrong })).toEqual({
    finding: '→ found device=another fault=IMAGE_WRONG_PRODUCT, device: another',
  });
});

test('the update is begun', () => {
  expect(changes({ do: 'install' })).toEqual({
    done: '→ updating phase=connecting resumed=false, warnings: [], ! update wait=false only=first',
    failed:
      '→ updating phase=connecting resumed=true, warnings: [], ! update wait=false only=first',
    found:
      '→ updating phase=connecting resumed=false, warnings: [], ! update wait=false only=first',
    'found, the demo':
      '→ updating phase=connecting resumed=false, warnings: [], ! update wait=false only=first',
    'not found':
      '→ updating phase=connecting resumed=false, warnings: [], ! update wait=false only=undefined',
  });
});

test('the update is begun with a reset', () => {
  expect(changes({ do: 'install', wait: true })).toEqual({
    done: '→ updating phase=waiting resumed=false, warnings: [], ! update wait=true only=first',
    failed: '→ updating phase=waiting resumed=true, warnings: [], ! update wait=true only=first',
    found: '→ updating phase=waiting resumed=false, warnings: [], ! update wait=true only=first',
    'found, the demo':
      '→ updating phase=waiting resumed=false, warnings: [], ! update wait=true only=first',
    'not found':
      '→ updating phase=waiting resumed=false, warnings: [], ! update wait=true only=undefined',
  });
});

test('the update has met its device', () => {
  expect(changes({ do: 'device', device: another })).toEqual({
    connecting: 'device: another, only: another, ! remember',
    pulled: 'device: another, only: another, ! remember',
    writing: 'device: another, only: another, ! remember',
    'writing, resumed': 'device: another, only: another, ! remember',
  });
});

test('the update is done', () => {
  expect(changes({ do: 'installed', result, device: another })).toEqual({
    connecting: '→ done result={"changed":true}, device: another, ! forget',
    pulled: '→ done result={"changed":true}, device: another, only: undefined, ! forget',
    writing: '→ done result={"changed":true}, device: another, only: undefined, ! forget',
    'writing, resumed':
      '→ done result={"changed":true}, device: another, only: undefined, ! forget',
  });
});

test('it fails, and wrote nothing', () => {
  expect(changes({ do: 'failed', fault: faultOf('REFUSED') })).toEqual({
    connecting: '→ failed fault=REFUSED stage=update, ! forget',
    finding: '→ failed fault=REFUSED stage=find',
    pulled: '→ lost fault=PORT_LOST',
    writing: '→ failed fault=REFUSED stage=update, only: undefined, ! forget',
    'writing, resumed': '→ failed fault=REFUSED stage=update',
  });
});

test('it fails in the middle', () => {
  const resumable = faultOf('NO_ANSWER', { resumable: true });
  expect(changes({ do: 'failed', fault: resumable })).toEqual({
    connecting: '→ failed fault=NO_ANSWER stage=update',
    finding: '→ failed fault=NO_ANSWER stage=find',
    pulled: '→ lost fault=PORT_LOST',
    writing: '→ failed fault=NO_ANSWER stage=update',
    'writing, resumed': '→ failed fault=NO_ANSWER stage=update',
  });
});

test('its port goes away', () => {
  expect(changes({ do: 'failed', fault: faultOf('PORT_LOST') })).toEqual({
    connecting: '→ failed fault=PORT_LOST stage=update, ! forget',
    finding: '→ failed fault=PORT_LOST stage=find',
    pulled: '→ lost fault=PORT_LOST',
    writing: '→ lost fault=PORT_LOST',
    'writing, resumed': '→ lost fault=PORT_LOST',
  });
});

test('it has been stopped', () => {
  expect(changes({ do: 'failed', fault: faultOf('INTERRUPTED') })).toEqual({
    connecting: '→ failed fault=INTERRUPTED stage=update, ! forget',
    finding: '→ port',
    pulled: '→ lost fault=PORT_LOST',
    writing: '→ failed fault=INTERRUPTED stage=update, only: undefined, ! forget',
    'writing, resumed': '→ failed fault=INTERRUPTED stage=update',
  });
});

test('the adapter is pulled out', () => {
  expect(changes({ do: 'unplugged' })).toEqual({
    connecting: '→ updating phase=sending resumed=false pulled=true, ! stop',
    found: '→ port, device: undefined',
    pulled: '→ updating phase=sending resumed=false pulled=true, ! stop',
    writing: '→ updating phase=sending resumed=false pulled=true, ! stop',
    'writing, resumed': '→ updating phase=sending resumed=true again=true pulled=true, ! stop',
  });
});

test('an adapter is plugged in', () => {
  expect(changes({ do: 'plugged-in', port: second })).toEqual({
    lost: '→ updating phase=connecting resumed=true, port: WCH, ! update wait=false only=first',
  });
});

test('somebody stops it', () => {
  expect(changes({ do: 'stop' })).toEqual({
    connecting: '! stop',
    finding: '! stop',
    lost: '→ failed fault=LINK_LOST stage=update',
    'lost, the demo': '→ failed fault=LINK_LOST stage=update',
    pulled: '! stop',
    writing: '! stop',
    'writing, resumed': '! stop',
  });
});

const plan = { event: 'plan', pagesTotal: 3, pagesToSend: 2, bytesToSend: 4096 } as const;
const numbers = { bytesDone: 1, bytesTotal: 3, rate: 4, secondsLeft: 2 };

test.each<readonly [UpdateEvent, string, string]>([
  [{ event: 'comparing', pages: 3 }, 'phase=comparing resumed=false', ''],
  [
    { ...plan, resumed: false },
    'phase=sending resumed=false',
    ' progress={"bytesDone":0,"bytesTotal":4096,"rate":0,"secondsLeft":0}',
  ],
  [
    { ...plan, resumed: true },
    'phase=sending resumed=true',
    ' progress={"bytesDone":0,"bytesTotal":4096,"rate":0,"secondsLeft":0}',
  ],
  [
    { event: 'progress', ...numbers },
    'phase=sending resumed=false',
    ` progress=${JSON.stringify(numbers)}`,
  ],
  [{ event: 'verifying' }, 'phase=verifying resumed=false', ''],
  [{ event: 'booting' }, 'phase=starting resumed=false', ''],
  [{ event: 'reconnecting', reason: 'reset' }, 'phase=sending resumed=false', ' again=true'],
])('%j', (event, now, more) => {
  const resumed = now.replace('resumed=false', 'resumed=true');
  expect(changes({ do: 'event', event })).toEqual({
    connecting: `→ updating ${now}${more}`,
    writing: `→ updating ${now}${more}`,
    'writing, resumed': `→ updating ${resumed}${more}`,
    pulled: `→ updating ${now} pulled=true${more}`,
  });
});

test('a warning is kept', () => {
  const event = { event: 'warning', code: 'RATE', message: 'slow' } as const;
  const kept = 'warnings: [told before,slow]';
  expect(changes({ do: 'event', event })).toEqual({
    ...{ connecting: kept, writing: kept, 'writing, resumed': kept, pulled: kept },
  });
});

test('what else an update tells is not shown', () => {
  expect(changes({ do: 'event', event: { event: 'installed' } })).toEqual({});
});

test('made-up firmware is for the made-up device', () => {
  expect(changes({ do: 'choose-port', port: demo })['port for the demo']).toBe(
    '→ finding, port: demo, warnings: [], ! find',
  );
  expect(changes({ do: 'plugged-in', port: demo })['lost, the demo']).toBe(
    '→ updating phase=connecting resumed=true, ! update wait=false only=first',
  );
});

test('what may not be interrupted, and what may not be left', () => {
  const names = (which: (state: State) => boolean): string[] =>
    Object.entries(STATES).flatMap(([name, state]) => (which(state) ? [name] : []));
  expect(names(isBusy)).toEqual([
    'finding',
    'connecting',
    'writing',
    'writing, resumed',
    'pulled',
    'lost',
    'lost, the demo',
  ]);
  expect(names(isRisky)).toEqual([
    'connecting',
    'writing',
    'writing, resumed',
    'pulled',
    'lost',
    'lost, the demo',
  ]);
});
