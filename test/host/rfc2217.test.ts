// rfc2217:// against servers that do as they should, half of it, or none: on real sockets, because they are what it is about.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Transport } from '../../host/link/transport.js';
import { openPort } from '../../host/node/open-port.js';
import { ComPort } from '../../host/node/remote/com-port.js';
import { openRfc2217 } from '../../host/node/remote/rfc2217.js';
import { type Behaviour, BINARY, COM_PORT, FakeServer, RATE } from '../support/fake-rfc2217.js';
import { listening } from '../support/listening.js';

/** For what never comes; what does come has this computer's time [ms]. */
const SOON = { answerMs: 300 };

interface Options {
  readonly rate?: number;
  readonly parity?: 'none' | 'even';
  readonly lines?: { dtr?: boolean; rts?: boolean };
}

async function open(
  behaviour: Behaviour,
  options: Options = {},
  limits: { answerMs?: number } = {},
): Promise<{ readonly server: FakeServer; readonly transport: Transport }> {
  const server = await FakeServer.start(behaviour);
  const transport = await openRfc2217({ path: server.path, rate: 115200, ...options }, limits);
  onTestFinished(() => transport.close());
  return { server, transport };
}

/** What is asked for, without purging */
function settings({ heard }: FakeServer): [number, number][] {
  return heard
    .filter(({ command }) => command !== ComPort.PURGE_DATA)
    .map(({ command, value }) => [command, value]);
}

async function until(ready: () => boolean): Promise<void> {
  while (!ready()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

const { SET_DATASIZE, SET_PARITY, SET_STOPSIZE, SET_CONTROL } = ComPort;
const AT_OPENING = [
  [SET_DATASIZE, 8],
  [SET_PARITY, 1],
  [SET_STOPSIZE, 1],
  [SET_CONTROL, 1],
  [RATE, 115200],
];

describe('a server that knows all of it', () => {
  test('the line is set when the port is opened', async () => {
    const { server, transport } = await open({});
    expect(settings(server)).toEqual(AT_OPENING);
    expect(transport.rate).toBe(115200);
    expect(transport.fixedRate).toBeUndefined();
  });

  test('parity even, DTR and RTS', async () => {
    const { server } = await open({}, { parity: 'even', lines: { dtr: false, rts: true } });
    expect(settings(server)).toContainEqual([SET_PARITY, 3]);
    expect(settings(server).slice(-2)).toEqual([
      [SET_CONTROL, 9],
      [SET_CONTROL, 11],
    ]);
  });

  test('only what changes is sent', async () => {
    const { server, transport } = await open({}, { lines: { dtr: false } });
    server.heard.length = 0;
    await transport.setRate(115200);
    await transport.setLines?.({ dtr: false });
    await transport.setLines?.({});
    expect(server.heard).toEqual([]);
    await transport.setRate(921600);
    await transport.setLines?.({ rts: false });
    expect(settings(server)).toEqual([
      [RATE, 921600],
      [SET_CONTROL, 12],
    ]);
    expect(transport.rate).toBe(921600);
  });

  test.each([false, true])(
    'every byte passes in both directions; byte by byte: %s',
    async (dribbles) => {
      const { server, transport } = await open({ dribbles });
      const all = Uint8Array.from({ length: 512 }, (_, i) => i >> 1);
      const received: number[] = [];
      transport.onBytes((bytes) => received.push(...bytes));
      await transport.write(all);
      server.send(all);
      await until(() => received.length >= all.length && server.data.length >= all.length);
      expect(received).toEqual([...all]);
      expect(server.data).toEqual([...all]);
    },
  );

  test('a server that takes nothing for the moment is waited for, and the signal ends that', async () => {
    const { server, transport } = await open({});
    server.sendRaw(Uint8Array.of(255, 250, COM_PORT, 108, 255, 240));
    server.send(Uint8Array.of(7));
    await new Promise<void>((resolve) => {
      transport.onBytes(() => resolve());
    });
    const stop = new AbortController();
    const given = transport.write(Uint8Array.of(1), { signal: stop.signal });
    stop.abort();
    await expect(given).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const kept = transport.write(Uint8Array.of(2));
    // Its answer comes after whatever was written before it.
    await transport.setRate(9600);
    expect(server.data).toEqual([]);
    server.sendRaw(Uint8Array.of(255, 250, COM_PORT, 109, 255, 240));
    await kept;
    await until(() => server.data.length > 0);
    expect(server.data).toEqual([2]);
  });

  test('what such a server was still to be given is lost when the port is closed', async () => {
    const { server, transport } = await open({});
    server.sendRaw(Uint8Array.of(255, 250, COM_PORT, 108, 255, 240));
    server.send(Uint8Array.of(7));
    await new Promise<void>((resolve) => {
      transport.onBytes(() => resolve());
    });
    const given = transport.write(Uint8Array.of(1));
    const outcome = expect(given).rejects.toMatchObject({ code: 'PORT_LOST' });
    await transport.close();
    await outcome;
    expect(server.data).toEqual([]);
  });
});

describe('a server that knows a part of it', () => {
  test('the rate alone is enough', async () => {
    const only = (command: number, value: number): number | undefined =>
      command === RATE ? value : undefined;
    const { transport } = await open({ answer: only, ignores: [BINARY] });
    await transport.setRate(230400);
    await transport.setLines?.({ dtr: true });
    expect(transport.rate).toBe(230400);
  });

  test('it tells the rate that it could make', async () => {
    const near = (_: number, value: number): number => (value === 115200 ? 115108 : value);
    expect((await open({ answer: near })).transport.rate).toBe(115200);
  });

  test.each<[string, Behaviour, Options, string]>([
    ['no answer at all', { answer: () => undefined }, {}, 'does not confirm 115200 baud'],
    [
      'another rate',
      { answer: (command, value) => (command === RATE ? 9600 : value) },
      {},
      'answers 9600 when asked for 115200 baud',
    ],
    [
      'no parity',
      { answer: (command, value) => (command === SET_PARITY ? undefined : value) },
      { parity: 'even' },
      'does not confirm parity even',
    ],
    [
      'another parity',
      { answer: (command, value) => (command === SET_PARITY ? 1 : value) },
      { parity: 'even' },
      'answers 1 when asked for parity even',
    ],
    [
      'flow control that stays on',
      { answer: (command, value) => (command === SET_CONTROL ? 2 : value) },
      {},
      'answers 2 when asked for no flow control',
    ],
    ['no binary transmission', { refuses: [BINARY] }, {}, 'refuses binary transmission'],
  ])('%s', async (_, behaviour, options, message) => {
    await expect(open(behaviour, options, SOON)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('tcp://HOST:PORT'),
    });
  });

  test('DTR that does not do what it is told', async () => {
    const stuck = (_: number, value: number): number => (value === 9 ? 8 : value);
    await expect(open({ answer: stuck }, { lines: { dtr: false } })).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('answers 8 when asked for DTR off'),
    });
  });

  test('a rate that it does not make: it is set back, and that is confirmed', async () => {
    let rate = 0;
    const most = (command: number, value: number): number => {
      if (command !== RATE) return value;
      rate = value > 230400 ? 38400 : value;
      return rate;
    };
    const { server, transport } = await open({ answer: most });
    await expect(transport.setRate(921600)).rejects.toMatchObject({
      code: 'PORT_FAILED',
      message: expect.stringContaining('answers 38400 when asked for 921600 baud'),
    });
    expect(transport.rate).toBe(115200);
    expect(rate).toBe(115200);
    expect(settings(server).slice(-2)).toEqual([
      [RATE, 921600],
      [RATE, 115200],
    ]);
    await transport.setRate(230400);
    expect(transport.rate).toBe(230400);
  });

  test('a rate that is never confirmed: what the server has is not known, and said again', async () => {
    let mute = false;
    const behaviour = { answer: (_: number, value: number) => (mute ? undefined : value) };
    const { server, transport } = await open(behaviour, {}, SOON);
    mute = true;
    await expect(transport.setRate(921600)).rejects.toMatchObject({ code: 'PORT_FAILED' });
    expect(transport.rate).toBe(115200);
    mute = false;
    server.heard.length = 0;
    await transport.setRate(115200);
    expect(settings(server)).toEqual([[RATE, 115200]]);
  });
});

describe('no RFC 2217 server', () => {
  test.each<[string, Behaviour, string, RegExp]>([
    ['that closes', { closes: true }, 'PORT_BUSY', /closes the connection at once$/],
    [
      'that says why it closes',
      { greeting: 'Port already in use\r\n', closes: true },
      'PORT_BUSY',
      /closes the connection at once; it says "Port already in use"$/,
    ],
    ['that is silent', { silent: true }, 'PORT_FAILED', /within 0.3 s: nothing came$/],
    [
      'that talks',
      { greeting: 'hello', silent: true },
      'PORT_FAILED',
      /5 bytes came.* 68656c6c6f$/,
    ],
    [
      'that echoes',
      { echoes: true },
      'PORT_FAILED',
      /does not answer as an RFC 2217 server .* it sends back what it is sent$/,
    ],
    ['but a telnet one', { refuses: [COM_PORT] }, 'PORT_FAILED', /does not know RFC 2217$/],
    [
      'that is cut when the rate is set',
      { closesAt: (command) => command === RATE },
      'PORT_BUSY',
      /closes the connection at once/,
    ],
  ])('%s', async (_, behaviour, code, message) => {
    await expect(open(behaviour, {}, SOON)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      hint: expect.any(String),
    });
  });

  test('Ctrl-C ends the wait', async () => {
    const server = await FakeServer.start({ silent: true });
    const stop = new AbortController();
    const opening = openRfc2217({ path: server.path, rate: 115200, signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(opening).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

test('a connection that is cut is told once, and to whoever waits', async () => {
  const { server, transport } = await open({});
  const lost: string[] = [];
  transport.onClose(({ code }) => lost.push(code));
  server.cut();
  await until(() => lost.length > 0);
  expect(lost).toEqual(['PORT_LOST']);
  for (const use of [transport.write(Uint8Array.of(1)), transport.setRate(9600)]) {
    await expect(use).rejects.toMatchObject({ code: 'PORT_LOST' });
  }
});

test('listeners can be removed, and an older remover does not remove a newer listener', async () => {
  const { server, transport } = await open({});
  const { heard, listen } = listening(transport);
  const removeFirst = listen('first');
  const removeSecond = listen('second');
  removeFirst();
  server.send(Uint8Array.of(1));
  await until(() => heard.length > 0);
  removeSecond();
  server.send(Uint8Array.of(2));
  // Its answer comes after what was sent before it.
  await transport.setRate(9600);
  expect(heard).toEqual(['second 1']);
  listen('third');
  const removeFourth = listen('fourth');
  removeFourth();
  server.cut();
  const use = async (): Promise<string> => transport.setRate(115_200).then(() => '', String);
  while (!(await use()).includes('lost'));
  expect(heard).toEqual(['second 1']);
});

test('a way to the server takes some time, which is known', async () => {
  const { transport } = await open({});
  expect(transport.roundTripMs).toBeGreaterThan(0);
  expect(transport.roundTripMs).toBeLessThan(5000);
});

test('drain waits until what was written has left the line at its rate', async () => {
  const { transport } = await open({}, { rate: 9600 });
  const from = performance.now();
  await transport.write(new Uint8Array(48));
  await transport.drain();
  expect(performance.now() - from).toBeGreaterThan(49);
});

test('"await using" closes it', async () => {
  const { transport } = await open({});
  {
    await using used = transport as Transport & AsyncDisposable;
    expect(used.rate).toBe(115200);
  }
  await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
});

test.each(['/dev/ttyUSB0', 'tcp://127.0.0.1:9'])('%s is none of these', async (path) => {
  await expect(openRfc2217({ path, rate: 9600 })).rejects.toMatchObject({ code: 'USAGE' });
});

test('a line whose name says what it is, is opened as that', async () => {
  const server = await FakeServer.start({});
  const transport = await openPort({ path: server.path, rate: 9600 });
  onTestFinished(() => transport.close());
  expect(settings(server)).toContainEqual([RATE, 9600]);
});

test('a rate that a server does not make is left as it is where nothing else is known', async () => {
  const stuck = (command: number, value: number): number => (command === RATE ? 115200 : value);
  const { server, transport } = await open({ answer: stuck });
  server.heard.length = 0;
  await expect(transport.setRate(9600)).rejects.toMatchObject({ code: 'PORT_FAILED' });
  expect(settings(server)).toEqual([
    [RATE, 9600],
    [RATE, 115200],
  ]);
  server.heard.length = 0;
  await transport.setRate(115200);
  expect(server.heard).toEqual([]);
});

test('lines are remembered one by one', async () => {
  const { server, transport } = await open({});
  server.heard.length = 0;
  await transport.setLines?.({ rts: true });
  await transport.setLines?.({ dtr: true });
  await transport.setLines?.({ dtr: true, rts: false });
  await transport.setLines?.({ rts: false });
  await transport.setLines?.({ dtr: false });
  expect(settings(server)).toEqual([
    [SET_CONTROL, 11],
    [SET_CONTROL, 8],
    [SET_CONTROL, 12],
    [SET_CONTROL, 9],
  ]);
});
