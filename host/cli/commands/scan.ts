// iap scan: who is on a shared pair. Changes nothing, and keeps nobody from starting.
import { Mode } from '../../../protocol/index.js';
import { hexBytes } from '../../base/text.js';
import type { DeviceInfo } from '../../device/device.js';
import {
  ALL_ADDRESSES,
  type Heard,
  type ScanResult,
  scan,
  scanSeconds,
} from '../../device/scan.js';
import { addressesText, parseAddresses } from '../addresses.js';
import { command } from '../command.js';
import { deviceJson, deviceLine, imageText } from '../describe.js';
import { type Context, withPort } from '../link.js';
import type { ArgumentsOf } from '../option.js';
import { LINK_OPTIONS } from '../options.js';
import type { Output } from '../output.js';
import { tableOf } from '../table.js';

const { address: _, wait: __, timeout: ___, ...PORT_OPTIONS } = LINK_OPTIONS;

const OPTIONS = {
  ...PORT_OPTIONS,
  addresses: {
    type: 'string',
    requiresArg: true,
    describe: 'Bus addresses to ask, for example 1-32,40; all if missing',
  },
} as const;

type ScanArguments = ArgumentsOf<typeof OPTIONS>;

export const SCAN = command({
  name: 'scan',
  description: 'Show who is on a shared pair',
  positionals: {},
  options: OPTIONS,
  examples: [
    ['scan --port /dev/ttyUSB0', 'every bus address, in about 13 seconds'],
    ['scan --port /dev/ttyUSB0 --addresses 1-32', 'only these'],
  ],
  handler: scanPair,
});

async function scanPair(args: ScanArguments, context: Context): Promise<void> {
  const { output } = context;
  const addresses = args.addresses === undefined ? ALL_ADDRESSES : parseAddresses(args.addresses);
  const link = { ...args, address: 0, wait: false };
  const result = await withPort(link, context, async (transport, options) => {
    const { address: _, ...others } = options;
    const seconds = scanSeconds(addresses.length, transport.rate);
    output.line(`asking ${addresses.length} addresses, about ${Math.ceil(seconds)} s`);
    const run = scan(transport, { ...others, addresses });
    for (;;) {
      const step = await run.next();
      if (step.done) return step.value;
      const { event, ...values } = step.value;
      output.event(
        event,
        'device' in values ? { ...values, device: deviceJson(values.device) } : values,
      );
      if (step.value.event === 'progress') output.progress(step.value);
      else if (step.value.event === 'found') {
        output.line(`address ${step.value.address}: ${deviceLine(step.value.device)}`);
      }
    }
  });
  finish(output, result);
}

function finish(output: Output, { heard, addressesTotal, seconds }: ScanResult): void {
  const devices = heard.flatMap((one) => one.devices);
  const doubled = heard.filter(isDoubled);
  if (devices.length > 0)
    for (const row of tableOf([HEAD, ...heard.flatMap(rowsOf)])) output.line(row);
  for (const { address } of doubled) {
    output.warning(
      `several devices have address ${address}, or something garbles what the one there answers`,
      { code: 'ADDRESS', address },
    );
  }
  output.line(
    heard.length === 0 ? `nobody answers at any of ${addressesTotal} addresses` : summary(heard),
  );
  output.result({
    devices: devices.length,
    addressesTotal,
    seconds,
    heard: heard.map((one) => ({
      address: one.address,
      several: isDoubled(one),
      devices: one.devices.map(deviceJson),
    })),
  });
}

function summary(heard: readonly Heard[]): string {
  const known = heard.filter(({ devices }) => devices.length > 0);
  const unknown = heard.filter(({ devices }) => devices.length === 0);
  const at = (some: readonly Heard[]): string => addressesText(some.map(({ address }) => address));
  const count = known.reduce((sum, { devices }) => sum + devices.length, 0);
  const found = `${count} device${count === 1 ? '' : 's'} at ${at(known)}`;
  const garbled = `something at ${at(unknown)}`;
  if (known.length === 0) return `${garbled} that is not understood`;
  return unknown.length === 0 ? found : `${found}, ${garbled}`;
}

const HEAD = ['address', 'part', 'serial', 'unique id', 'mode', 'installed'];

function rowsOf({ address, devices }: Heard): string[][] {
  return devices.map((info: DeviceInfo) => [
    String(address),
    info.part,
    info.serial,
    hexBytes(info.uniqueId),
    info.mode === Mode.APP ? 'application' : 'bootloader',
    imageText(info.installed),
  ]);
}

function isDoubled({ devices, garbled }: Heard): boolean {
  return garbled || devices.length > 1;
}
