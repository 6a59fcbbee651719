// A port that can not change its rate, or takes too long for it: the device is never asked to.
import { describe, expect, test } from 'vitest';
import { INFO } from '../../host/cli/commands/info.js';
import type { PortOptions } from '../../host/node/port-options.js';
import { Command, type HelloResponse } from '../../protocol/index.js';
import { Bench } from '../support/bench.js';
import { DEFAULTS_OF_PORTS, session } from '../support/cli.js';
import { appImage } from '../support/images.js';

interface Port {
  readonly fixedRate?: boolean;
  readonly roundTripMs?: number;
}

function benchOn(port: Port, info: Partial<HelloResponse> = {}): Bench {
  const bench = new Bench({ info: { maxRate: 921_600, ...info } });
  const setRate = (rate: number): Promise<void> =>
    rate === bench.line.rate ? Promise.resolve() : Promise.reject(new Error(`set to ${rate}`));
  return Object.assign(bench, {
    line: Object.assign(bench.line, port, port.fixedRate ? { setRate } : {}),
  });
}

function asksForRate({ line }: Bench): boolean {
  return line.checker.sent.some(({ type }) => type === Command.BAUD);
}

describe.each<[string, Port, string]>([
  ['fixed', { fixedRate: true }, 'this port can not change the rate of its line'],
  ['too far away', { roundTripMs: 450 }, 'the network takes 450 ms there and back'],
])('%s', (_, port, why) => {
  test('--baud: BAUD is never sent, and that is said', async () => {
    const bench = benchOn(port);
    const { result, error, events } = await bench.update(appImage(50_000), { rate: 921_600 });
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ rate: 115_200, changed: true });
    expect(asksForRate(bench)).toBe(false);
    expect(events).toContainEqual({
      event: 'warning',
      code: 'RATE',
      message: expect.stringMatching(`^${why}.*; going on at 115200 baud$`),
    });
  });

  test('--baud auto: the same', async () => {
    const bench = benchOn(port);
    const { result, events } = await bench.update(appImage(50_000), { rate: 'auto' });
    expect(result).toMatchObject({ rate: 115_200, changed: true });
    expect(asksForRate(bench)).toBe(false);
    expect(events).toContainEqual({ event: 'rate', rate: 115_200, chosen: 'fixed' });
  });
});

test('a network that is near enough changes', async () => {
  const bench = benchOn({ roundTripMs: 300 });
  const { result } = await bench.update(appImage(50_000), { rate: 921_600 });
  expect(result).toMatchObject({ rate: 921_600 });
  expect(asksForRate(bench)).toBe(true);
});

test.each([
  [0, 'fastest'],
  [300, 'little'],
])('--baud auto, %i ms there and back, 50 KB: %s', async (roundTripMs, chosen) => {
  const { events } = await benchOn({ roundTripMs }).update(appImage(50_000), { rate: 'auto' });
  expect(events).toContainEqual(expect.objectContaining({ event: 'rate', chosen }));
});

test('a device that falls silent is looked for at the one rate that there is, whatever it calls its own', async () => {
  const bench = benchOn({ fixedRate: true }, { defaultRate: 57_600 });
  bench.device.hook = ({ type }, count) =>
    type === Command.HELLO && count < 3 ? undefined : 'drop';
  const { error } = await bench.update(appImage(50_000));
  expect(error).toMatchObject({ code: 'LINK_LOST', details: { resumable: true } });
});

describe('--line-rate', () => {
  async function opened(port: string, lineRate?: number): Promise<PortOptions | undefined> {
    const bench = new Bench();
    const { context } = session(bench);
    let given: PortOptions | undefined;
    const open = (options: PortOptions): Promise<Bench['line']> => {
      given = options;
      return Promise.resolve(bench.line);
    };
    const args = { ...DEFAULTS_OF_PORTS, port: [port], ...(lineRate ? { lineRate } : {}) };
    await INFO.handler(args, { ...context, ports: { ...context.ports, open } });
    return given;
  }

  test('is what a raw TCP port is told', async () => {
    expect(await opened('tcp://gateway:4000', 9600)).toMatchObject({ rate: 9600 });
    expect(await opened('tcp://gateway:4000')).toMatchObject({ rate: 115_200 });
  });

  test.each(['fake', 'rfc2217://gateway:4001'])('%s: is a mistake', async (port) => {
    await expect(opened(port, 9600)).rejects.toMatchObject({ code: 'USAGE' });
  });
});
