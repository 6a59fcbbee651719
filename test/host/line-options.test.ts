// --dtr, --rts and --lines: what a port is opened with, and what is done to it then; and ports that others have.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { IapError, type IapErrorCode } from '../../host/base/errors.js';
import { INFO } from '../../host/cli/commands/info.js';
import { ISP_GO } from '../../host/cli/commands/isp/go.js';
import { ISP_INFO } from '../../host/cli/commands/isp/info.js';
import type { IspArguments } from '../../host/cli/isp-options.js';
import { checkLineArguments, type LineArguments, linesOf } from '../../host/cli/line-options.js';
import { type Context, openPort } from '../../host/cli/link.js';
import type { ControlLines } from '../../host/link/transport.js';
import type { PortOptions } from '../../host/node/port-options.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import { Bench } from '../support/bench.js';
import { CIRCUITS } from '../support/circuits.js';
import { DEFAULTS, DEFAULTS_OF_PORTS, session } from '../support/cli.js';
import { FakeRom } from '../support/fake-rom.js';

/** Runs `iap info` on a port that keeps what its lines are set to. */
async function linesDuring(args: LineArguments): Promise<(ControlLines | undefined)[]> {
  const bench = new Bench();
  const { context } = session(bench);
  const lines: (ControlLines | undefined)[] = [];
  const transport = Object.assign(bench.line, {
    setLines: (set: ControlLines) => {
      lines.push(set);
      return Promise.resolve();
    },
  });
  const open = (options: PortOptions): Promise<typeof transport> => {
    lines.push(options.lines);
    return Promise.resolve(transport);
  };
  await INFO.handler(
    { ...DEFAULTS_OF_PORTS, ...args },
    { ...context, ports: { ...context.ports, open } },
  );
  return lines;
}

test('nothing is touched unless asked', async () => {
  expect(await linesDuring({})).toEqual([{}]);
  expect(await linesDuring({ dtr: 'keep', rts: 'keep', lines: 'none' })).toEqual([{}]);
});

test('each line by itself', async () => {
  expect(await linesDuring({ dtr: 'off' })).toEqual([{ dtr: false }]);
  expect(await linesDuring({ rts: 'on', dtr: 'keep' })).toEqual([{ rts: true }]);
  expect(await linesDuring({ rts: 'off', dtr: 'on' })).toEqual([{ dtr: true, rts: false }]);
});

test.each([
  ['dtr-reset', { dtr: true, rts: true }, { dtr: false, rts: true }],
  ['rts-reset', { dtr: true, rts: true }, { dtr: true, rts: false }],
  ['flymcu', { dtr: false, rts: true }, { dtr: true, rts: false }],
])('--lines %s: let go at once, then one reset into flash', async (lines, reset, run) => {
  expect(await linesDuring({ lines })).toEqual([run, reset, run]);
});

test.each<[LineArguments, string]>([
  [{ invertReset: true }, 'need --lines'],
  [{ lines: 'none', invertBoot0: true }, 'need --lines'],
  [{ lines: 'flymcu', rts: 'off' }, 'sets DTR and RTS itself'],
])('%o', (args, message) => {
  expect(() => checkLineArguments(args)).toThrow(message);
});

test('what is inverted is let go of the other way round', () => {
  expect(linesOf({ lines: 'dtr-reset', invertReset: true })).toEqual({ dtr: true, rts: true });
  expect(linesOf({ lines: 'dtr-reset', invertBoot0: true })).toEqual({ dtr: false, rts: false });
});

describe.each(Object.entries(CIRCUITS))('a part behind %s', (lines, needsReset) => {
  /** Runs `command` on a port that is as Linux opens it. */
  async function on(command: (args: IspArguments, context: Context) => Promise<void>): Promise<{
    readonly rom: FakeRom;
    /** When the port was closed */
    readonly state: string | undefined;
  }> {
    const clock = new VirtualClock();
    const rom = new FakeRom(clock, { needsReset });
    let state: string | undefined;
    rom.close = () => {
      state = rom.state;
      return Promise.resolve();
    };
    const { context } = session({ clock, line: rom });
    const open = async (options: PortOptions): Promise<FakeRom> => {
      await rom.setLines(options.lines ?? {});
      rom.starts = 0;
      return rom;
    };
    const args = { ...DEFAULTS, baud: 115200, ahead: false, lines };
    await command(args, { ...context, ports: { ...context.ports, open } });
    return { rom, state };
  }

  test('isp info: it stays in its ROM bootloader, and the next reset goes into flash', async () => {
    expect(await on(ISP_INFO.handler)).toMatchObject({ rom: { starts: 0 }, state: 'run' });
  });

  test('isp info, although nobody answers: the same', async () => {
    const silent = vi.spyOn(FakeRom.prototype, 'write').mockResolvedValue();
    onTestFinished(() => silent.mockRestore());
    const setLines = vi.spyOn(FakeRom.prototype, 'setLines');
    onTestFinished(() => setLines.mockRestore());
    await expect(on(ISP_INFO.handler)).rejects.toMatchObject({ code: 'NO_ANSWER' });
    expect(setLines.mock.lastCall).toEqual([linesOf({ lines })]);
  });

  test('isp go: it is reset once, into flash', async () => {
    expect(await on(ISP_GO.handler)).toMatchObject({ rom: { starts: 1 }, state: 'run' });
  });
});

/** Opens a port that fails with these codes first. */
async function opening(
  codes: readonly IapErrorCode[],
  args: { wait: boolean; timeout?: number },
): Promise<{ tries: number; text: string; error: unknown }> {
  const bench = new Bench();
  const { context, out } = session(bench);
  const open = vi.fn<Context['ports']['open']>(() => Promise.resolve(bench.line));
  for (const code of codes) {
    open.mockRejectedValueOnce(new IapError(code, `message of ${code}`, { hint: 'its hint' }));
  }
  const ports = { ...context.ports, open };
  let error: unknown;
  try {
    await openPort({ port: 'x\u001b[2J', ...args }, { rate: 115200 }, { ...context, ports });
  } catch (caught) {
    error = caught;
  }
  return { tries: open.mock.calls.length, text: out.text, error };
}

test('a port that another program has is waited for with --wait, and only then', async () => {
  const busy = ['PORT_BUSY', 'PORT_BUSY', 'PORT_BUSY'] as const;
  const { tries, text, error } = await opening(busy, { wait: true });
  expect(error).toBeUndefined();
  expect(tries).toBe(4);
  expect(text).toBe('waiting for x?[2J\n  message of PORT_BUSY: its hint\n');
  expect(await opening(busy, { wait: false })).toMatchObject({
    tries: 1,
    error: { code: 'PORT_BUSY' },
  });
});

test('it is not waited for longer than --timeout', async () => {
  const busy = new Array<IapErrorCode>(100).fill('PORT_BUSY');
  const { tries, error } = await opening(busy, { wait: true, timeout: 1000 });
  expect(error).toMatchObject({ code: 'PORT_BUSY' });
  expect(tries).toBeLessThan(15);
});

test('after a replug: absent, not yet ours, then looked at by another program', async () => {
  const replug = ['PORT_NOT_FOUND', 'PORT_PERMISSION', 'PORT_BUSY', 'PORT_BUSY'] as const;
  expect(await opening(replug, { wait: true })).toMatchObject({ tries: 5, error: undefined });
});

test('what does not pass by itself is not waited for', async () => {
  expect(await opening(['PORT_FAILED'], { wait: true })).toMatchObject({
    tries: 1,
    error: { code: 'PORT_FAILED' },
  });
});
