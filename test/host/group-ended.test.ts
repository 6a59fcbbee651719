// iap flash --addresses that ends early, or whose port goes away: what is said of each device, and what goes on.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode, IapError } from '../../host/base/errors.js';
import { FLASH } from '../../host/cli/commands/flash.js';
import type { Context } from '../../host/cli/link.js';
import { Command, Mode } from '../../protocol/index.js';
import { DEFAULTS_OF_PORTS, jsonLines, session } from '../support/cli.js';
import { appImage } from '../support/images.js';
import { Pair, uniqueIdOf } from '../support/pair.js';

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const image = join(folder, 'app.bin');
const bytes = appImage(30_000);
writeFileSync(image, bytes);

const ARGS = { ...DEFAULTS_OF_PORTS, image };

/** What is told when the command ends, if that is an error */
async function ended(run: Promise<void>): Promise<IapError | undefined> {
  return run.then(
    () => undefined,
    (caught: unknown) => {
      if (caught instanceof IapError) return caught;
      throw caught;
    },
  );
}

/** Calls `then` when that device gets this DATA frame */
function atFrame(pair: Pair, address: number, count: number, then: () => void): void {
  let frames = 0;
  pair.at(address).hook = ({ type }) => {
    if (type === Command.DATA && ++frames === count) then();
    return undefined;
  };
}

/** A port that is there again whenever it is opened, after so long [ms] */
function comingBack(pair: Pair, context: Context, ms = 1000): { context: Context; opened: number } {
  const at = {
    opened: 0,
    context: {
      ...context,
      ports: {
        ...context.ports,
        open: async (options: Parameters<Context['ports']['open']>[0]) => {
          if (at.opened++ > 0) {
            await new Promise<void>((resolve) => {
              pair.clock.after(ms, resolve);
            });
          }
          pair.line.closed = false;
          pair.line.checker.newHost();
          return context.ports.open(options);
        },
      },
    },
  };
  return at;
}

describe('stopped by a signal', () => {
  function stopAt(count: number, json = false): ReturnType<typeof session> & { pair: Pair } {
    const pair = new Pair({ addresses: [1, 2] });
    const at = session(pair, { json });
    const stop = new AbortController();
    atFrame(pair, 2, count, () => stop.abort(ExitCode.INTERRUPTED));
    return { ...at, context: { ...at.context, signal: stop.signal }, pair };
  }

  test('a table says what became of each, and the error what to do', async () => {
    const { context, out } = stopAt(20);
    const error = await ended(FLASH.handler({ ...ARGS, addresses: '1-3' }, context));
    expect(error).toMatchObject({ code: 'INTERRUPTED', details: { resumable: true } });
    const lines = out.text.trim().split('\n').slice(-4);
    expect(lines[0]).toMatch(/^address {2}part {2}serial {2}unique id +outcome$/);
    expect(lines[1]).toMatch(/^1 +fake +(01){12} +interrupted; its update is begun, and goes on/);
    expect(lines[3]).toMatch(/^3 +failed: no device answers at address 3$/);
  });

  test('and with --json each has its event before the result', async () => {
    const { context, out } = stopAt(20, true);
    await ended(FLASH.handler({ ...ARGS, addresses: '1-3' }, context));
    const members = jsonLines(out.text).filter(({ event }) => event === 'member');
    expect(members.map(({ address, code, exitCode }) => [address, code, exitCode])).toEqual([
      [1, 'INTERRUPTED', 130],
      [2, 'INTERRUPTED', 130],
      [3, 'NO_ANSWER', 4],
    ]);
    expect(members[0]).toMatchObject({ details: { resumable: true } });
  });

  test('before anything was begun: nothing was written, and that is said of each', async () => {
    const pair = new Pair({ addresses: [1, 2] });
    const { context, out } = session(pair);
    const stop = new AbortController();
    pair.at(1).hook = ({ type }) => {
      if (type === Command.HELLO) stop.abort(ExitCode.INTERRUPTED);
      return undefined;
    };
    const stopped = { ...context, signal: stop.signal };
    await ended(FLASH.handler({ ...ARGS, addresses: '1-2' }, stopped));
    expect(out.text).toMatch(/^2 +interrupted; nothing was written to it$/m);
  });

  test('devices that differ are named once, by the error', async () => {
    const each = (address: number): object => (address === 2 ? { pageSize: 1024 } : {});
    const { context, out } = session(new Pair({ addresses: [1, 2], each }));
    const error = await ended(FLASH.handler({ ...ARGS, addresses: '1-2' }, context));
    expect(error).toMatchObject({ code: 'DEVICES_DIFFER' });
    expect(out.text).not.toMatch(/outcome/);
  });
});

test('with --wait, whoever is not to be started is told all the same', async () => {
  const pair = new Pair({ addresses: [1, 2] });
  const { context, out } = session(pair, { json: true });
  const args = { ...ARGS, addresses: '1-2', wait: true, boot: false, waitApp: true };
  expect(await ended(FLASH.handler(args, context))).toBeUndefined();
  const lines = jsonLines(out.text);
  expect(lines.filter(({ event }) => event === 'member')).toMatchObject([
    { address: 1, ok: true, boot: 'no' },
    { address: 2, ok: true, boot: 'no' },
  ]);
  expect(lines.at(-1)).toMatchObject({ event: 'result', devices: 2 });
});

describe('the port goes away in the middle', () => {
  function start(options: { json?: boolean } = {}): ReturnType<typeof session> & { pair: Pair } {
    const pair = new Pair({ addresses: [1, 2] });
    return { ...session(pair, options), pair };
  }

  test('without --wait: a table, and all are resumable', async () => {
    const { pair, context, out } = start();
    atFrame(pair, 1, 20, () => pair.line.vanish());
    const error = await ended(FLASH.handler({ ...ARGS, addresses: '1-2' }, context));
    expect(error).toMatchObject({ code: 'PORT_LOST', details: { resumable: true } });
    expect(out.text).toMatch(
      /^2 +fake +(02){12} +failed: the port went away; its update is begun/m,
    );
  });

  test.each([
    ['', {}],
    [', at another rate, from which they fall back', { baud: '460800' }],
  ])('with --wait it is opened again, and each goes on where it is%s', async (name, baud) => {
    const { pair, context, out } = start({ json: true });
    atFrame(pair, 1, 30, () => pair.line.vanish());
    const at = comingBack(pair, context);
    const log = join(folder, `units${name.length}.jsonl`);
    const args = { ...ARGS, ...baud, addresses: '1-2', wait: true, log };
    expect(await ended(FLASH.handler(args, at.context))).toBeUndefined();
    expect(at.opened).toBe(2);
    expect(pair.devices.map(({ flash }) => flash.pagesWritten)).toEqual([15, 15]);
    const lines = jsonLines(out.text);
    expect(lines.filter(({ event }) => event === 'reconnecting')).toHaveLength(1);
    expect(lines.filter(({ event }) => event === 'member')).toMatchObject([
      { address: 1, ok: true, changed: true, boot: 'started' },
      { address: 2, ok: true, changed: true, boot: 'started' },
    ]);
    expect(lines.at(-1)).toMatchObject({ event: 'result', ok: true, devices: 2 });
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  test('what has the image is only started, what runs it is left alone', async () => {
    const { pair, context, out } = start();
    let boots = 0;
    for (const address of [1, 2]) {
      pair.at(address).hook = ({ type }) => {
        if (type !== Command.BOOT || ++boots !== 2) return undefined;
        pair.line.vanish();
        return 'drop';
      };
    }
    const at = comingBack(pair, context);
    const args = { ...ARGS, addresses: '1-2', wait: true };
    expect(await ended(FLASH.handler(args, at.context))).toBeUndefined();
    expect(pair.devices.map(({ mode }) => mode)).toEqual([Mode.APP, Mode.APP]);
    expect(pair.at(1).log.filter((name) => name === 'ENTER')).toEqual([]);
    expect(pair.devices.map(({ flash }) => flash.pagesWritten)).toEqual([15, 15]);
    expect(out.text).toMatch(/^1 +fake +(01){12} +updated, started$/m);
    expect(out.text).toMatch(/^2 +fake +(02){12} +updated, started$/m);
    expect(out.text).toMatch(/^2 of 2 devices done/m);
  });

  test('whoever is verified and starts what is silent meanwhile is not waited for', async () => {
    const { pair, context, out } = start({ json: true });
    const stop = new AbortController();
    pair.at(1).hook = ({ type }) => {
      if (type !== Command.BOOT) return undefined;
      pair.clock.after(120_000, () => stop.abort(ExitCode.INTERRUPTED));
      pair.line.vanish();
      for (const device of pair.devices) device.startApp();
      return 'drop';
    };
    const at = comingBack(pair, { ...context, signal: stop.signal });
    const args = { ...ARGS, addresses: '1-2', wait: true };
    expect(await ended(FLASH.handler(args, at.context))).toBeUndefined();
    expect(jsonLines(out.text).filter(({ event }) => event === 'member')).toMatchObject([
      { address: 1, ok: true, changed: true, boot: 'unconfirmed' },
      { address: 2, ok: true, changed: true, boot: 'unconfirmed' },
    ]);
  });

  test('the log says what was there before the first attempt', async () => {
    const { pair, context } = start();
    await pair.update(appImage(20_000, 9), { boot: false });
    const log = join(folder, 'before.jsonl');
    atFrame(pair, 1, 30, () => pair.line.vanish());
    const args = { ...ARGS, addresses: '1-2', wait: true, log };
    expect(await ended(FLASH.handler(args, comingBack(pair, context).context))).toBeUndefined();
    const entries = readFileSync(log, 'utf8').trim().split('\n');
    const before = entries.map((line) => (JSON.parse(line) as { before: object }).before);
    expect(before).toMatchObject([
      { state: expect.arrayContaining(['GOOD']) as string[] },
      { state: expect.arrayContaining(['GOOD']) as string[] },
    ]);
  });

  test('a server that closes at once as long as the old connection lasts is called again', async () => {
    const { pair, context, out } = start();
    atFrame(pair, 1, 30, () => pair.line.vanish());
    const openedAt: number[] = [];
    const ports = {
      ...context.ports,
      open: () => {
        openedAt.push(pair.clock.now());
        pair.line.closed = false;
        pair.line.checker.newHost();
        if (openedAt.length < 4 && openedAt.length > 1)
          pair.clock.after(5, () => pair.line.vanish());
        return Promise.resolve(pair.line);
      },
    };
    const args = { ...ARGS, port: ['tcp://gateway:4001'], addresses: '1-2', wait: true };
    expect(await ended(FLASH.handler(args, { ...context, ports }))).toBeUndefined();
    expect(openedAt).toHaveLength(4);
    const pauses = openedAt.slice(2).map((at, i) => at - (openedAt[i + 1] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1000);
    expect(out.text).toMatch(/^2 of 2 devices done/m);
  });

  test('another unit that is at an address then is left as it is', async () => {
    let made = 0;
    const pair = new Pair({
      addresses: [1, 2, 2],
      each: () => ({ info: { uniqueId: uniqueIdOf(++made) } }),
    });
    const [, second, third] = pair.devices;
    if (!second || !third) throw new RangeError('there are three');
    third.alive = false;
    const { context, out } = session(pair);
    atFrame(pair, 1, 30, () => {
      pair.line.vanish();
      second.alive = false;
      third.alive = true;
    });
    const at = comingBack(pair, context);
    const args = { ...ARGS, addresses: '1-2', wait: true };
    const error = await ended(FLASH.handler(args, at.context));
    expect(error).toMatchObject({ code: 'OTHER_DEVICE' });
    expect(third.flash.pagesWritten).toBe(0);
    expect(out.text).toMatch(/^1 +fake +\w+ +updated, started$/m);
    expect(out.text).toMatch(/^2 +fake +\w+ +failed: another device answers/m);
  });

  test('interrupted while it is away: what is left behind is said', async () => {
    const { pair, context, out } = start();
    const stop = new AbortController();
    atFrame(pair, 1, 30, () => pair.line.vanish());
    let opened = 0;
    const ports = {
      ...context.ports,
      open: (options: Parameters<Context['ports']['open']>[0]) => {
        if (opened++ === 0) return context.ports.open(options);
        stop.abort(ExitCode.INTERRUPTED);
        return Promise.reject(new IapError('PORT_NOT_FOUND', 'there is no such port'));
      },
    };
    const args = { ...ARGS, addresses: '1-2', wait: true };
    const error = await ended(FLASH.handler(args, { ...context, ports, signal: stop.signal }));
    expect(error).toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringMatching(
        /0 of 2 devices are done, the others can be updated/,
      ) as string,
      details: { resumable: true },
    });
    expect(out.text).toMatch(
      /^1 +fake +(01){12} +failed: the port went away; its update is begun/m,
    );
  });

  describe('and comes back, and the next attempt ends while they are looked for', () => {
    /** The port goes away when `at` says so; when it is back the command is stopped at the first HELLO. */
    function stopped(
      vanishAt: (pair: Pair, vanish: () => void) => void,
    ): ReturnType<typeof start> & { log: string; run: () => Promise<IapError | undefined> } {
      const at = start({ json: true });
      const { pair } = at;
      const stop = new AbortController();
      vanishAt(pair, () => {
        pair.line.vanish();
        for (const device of pair.devices) {
          device.hook = ({ type }) => {
            if (type === Command.HELLO) stop.abort(ExitCode.INTERRUPTED);
            return 'drop';
          };
        }
      });
      const back = comingBack(pair, at.context).context;
      const log = join(folder, `stopped${logs++}.jsonl`);
      const args = { ...ARGS, addresses: '1-2', wait: true, log };
      const run = (): Promise<IapError | undefined> =>
        ended(FLASH.handler(args, { ...back, signal: stop.signal }));
      return { ...at, log, run };
    }
    let logs = 0;

    test('interrupted: an update that was begun is resumable', async () => {
      const { out, run } = stopped((pair, vanish) => atFrame(pair, 1, 30, vanish));
      expect(await run()).toMatchObject({
        code: 'INTERRUPTED',
        message: 'interrupted; 0 of 2 devices are done, the others can be updated',
        details: { resumable: true },
      });
      const members = jsonLines(out.text).filter(({ event }) => event === 'member');
      for (const member of members) {
        expect(member).toMatchObject({
          code: 'INTERRUPTED',
          message: 'interrupted; its update is begun, and goes on where it stopped',
          details: { resumable: true },
        });
      }
      expect(members).toHaveLength(2);
    });

    test('interrupted: what was verified is done', async () => {
      const { out, run, log } = stopped((pair, vanish) => {
        pair.at(1).hook = ({ type }) => {
          if (type === Command.BOOT) vanish();
          return undefined;
        };
      });
      expect(await run()).toMatchObject({
        code: 'INTERRUPTED',
        message: 'interrupted; 2 of 2 devices are done',
        details: { installed: '1 2' },
      });
      const members = jsonLines(out.text).filter(({ event }) => event === 'member');
      expect(members).toMatchObject([
        { address: 1, ok: true, changed: true },
        { address: 2, ok: true, changed: true },
      ]);
      expect(readFileSync(log, 'utf8').match(/"result":"installed"/g)).toHaveLength(2);
    });

    test('what was verified, and is found without it, is not done', async () => {
      const { pair, context, out } = start({ json: true });
      const stop = new AbortController();
      pair.at(1).hook = ({ type }) => {
        if (type !== Command.BOOT) return undefined;
        pair.line.vanish();
        pair.at(1).flash.bytes.fill(0x55, 0, 4);
        for (const device of pair.devices) device.reset();
        let calls = 0;
        pair.at(2).hook = () => {
          if (++calls === 2) stop.abort(ExitCode.INTERRUPTED);
          return 'drop';
        };
        return 'drop';
      };
      const at = comingBack(pair, { ...context, signal: stop.signal }, 1);
      const args = { ...ARGS, addresses: '1-2', wait: true };
      expect(await ended(FLASH.handler(args, at.context))).toMatchObject({ code: 'INTERRUPTED' });
      const members = jsonLines(out.text).filter(({ event }) => event === 'member');
      expect(members).toContainEqual(
        expect.objectContaining({ address: 1, ok: false, code: 'INTERRUPTED' }),
      );
      expect(members).toContainEqual(expect.objectContaining({ address: 2, ok: true }));
    });

    test('nobody answers: an update that was begun is resumable', async () => {
      const { pair, context, out } = start({ json: true });
      atFrame(pair, 1, 30, () => {
        pair.line.vanish();
        pair.at(2).alive = false;
      });
      const at = comingBack(pair, context);
      const args = { ...ARGS, addresses: '1-2', wait: true, timeout: 20 };
      expect(await ended(FLASH.handler(args, at.context))).toMatchObject({ code: 'NO_ANSWER' });
      const members = jsonLines(out.text).filter(({ event }) => event === 'member');
      expect(members).toContainEqual(
        expect.objectContaining({
          address: 2,
          code: 'NO_ANSWER',
          message: expect.stringMatching(/its update is begun/) as string,
          details: { resumable: true },
        }),
      );
    });
  });
});
