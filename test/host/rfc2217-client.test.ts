// The conversation with an RFC 2217 server, byte by byte, on a connection that is none, in time that stands still.
import { expect, test, vi } from 'vitest';
import { IapError } from '../../host/base/errors.js';
import {
  ComPort,
  lineSetting,
  NO_FLOW_CONTROL,
  paritySetting,
  rateSetting,
  requestBytes,
  tellingOf,
} from '../../host/node/remote/com-port.js';
import type { Connection } from '../../host/node/remote/connection.js';
import { Rfc2217Client } from '../../host/node/remote/rfc2217-client.js';
import { DO, DONT, IAC, optionBytes, subBytes, WILL, WONT } from '../../host/node/remote/telnet.js';
import { still, watched } from '../support/still.js';

const PATH = 'rfc2217://h:1';
const ANSWER_MS = 1000;
const [BINARY, GO_AHEAD, COM_PORT] = [0, 3, 44];

class Server {
  /** What it was sent, in writes */
  readonly written: number[][] = [];
  readonly client: Rfc2217Client;
  readonly connection = {
    onBytes: (_: Uint8Array): void => {},
    onLost: (_: IapError): void => {},
    write: (bytes: Uint8Array, _?: unknown): Promise<void> => {
      this.written.push([...bytes]);
      return Promise.resolve();
    },
    close: (): Promise<void> => Promise.resolve(),
  };

  constructor() {
    this.client = new Rfc2217Client(this.connection as unknown as Connection, PATH, ANSWER_MS);
  }

  say(...parts: Uint8Array[]): void {
    for (const part of parts) this.connection.onBytes(part);
  }

  /** An answer, or what it tells by itself */
  tell(command: number, value: number): void {
    const bytes = requestBytes({ command, value });
    bytes[1] = command + 100;
    this.say(subBytes(bytes));
  }

  /** Since the last look */
  heard(): number[][] {
    return this.written.splice(0);
  }

  cut(): void {
    this.connection.onLost(new IapError('PORT_LOST', 'cut'));
  }

  /** Both have agreed. */
  async begun(): Promise<this> {
    const began = this.client.begin({});
    this.say(optionBytes(DO, COM_PORT));
    await began;
    this.heard();
    return this;
  }
}

test('it says what it will do and asks for what it needs, once', () =>
  still(async (pass) => {
    const server = new Server();
    const began = server.client.begin({});
    expect(server.heard()).toEqual([
      [IAC, WILL, BINARY],
      [IAC, WILL, GO_AHEAD],
      [IAC, WILL, COM_PORT],
      [IAC, DO, BINARY],
      [IAC, DO, GO_AHEAD],
    ]);
    server.say(optionBytes(DO, BINARY), optionBytes(WILL, BINARY), optionBytes(DO, GO_AHEAD));
    await pass(250);
    server.say(optionBytes(DO, COM_PORT));
    await began;
    expect(server.client.roundTripMs).toBe(250);
    expect(server.heard()).toEqual([]);
  }));

test('what the server offers or asks for is answered once: what is not known is declined', async () => {
  const server = await new Server().begun();
  for (const option of [1, COM_PORT, GO_AHEAD, 24]) {
    for (let i = 0; i < 2; i++) server.say(optionBytes(WILL, option), optionBytes(DO, option));
  }
  server.say(optionBytes(WONT, 5), optionBytes(DONT, 6));
  expect(server.heard()).toEqual([
    [IAC, DONT, 1],
    [IAC, WONT, 1],
    [IAC, DO, COM_PORT],
    [IAC, DONT, 24],
    [IAC, WONT, 24],
  ]);
});

const FAILED = { code: 'PORT_FAILED', details: { path: PATH } };

test.each<[string, Uint8Array[], object]>([
  [
    'that declines',
    [optionBytes(DONT, COM_PORT)],
    {
      message: 'the server of rfc2217://h:1 is a telnet server that does not know RFC 2217',
      hint: expect.stringContaining('ser2net'),
    },
  ],
  [
    'that says nothing',
    [],
    { message: expect.stringMatching(/ does not answer .* within 1 s: nothing came$/) },
  ],
  [
    'that talks',
    [Uint8Array.of(1, 2), new Uint8Array(70).fill(3), Uint8Array.from({ length: 20 }, (_, i) => i)],
    {
      message: expect.stringMatching(/ 80 bytes came, the last 0405060708090a0b0c0d0e0f10111213$/),
    },
  ],
  [
    'that echoes',
    [subBytes(Uint8Array.of(COM_PORT, 1, 0))],
    { message: expect.stringContaining('it sends back what it is sent') },
  ],
  [
    'that speaks of another option',
    [subBytes(Uint8Array.of(24, 1, 0))],
    { message: expect.stringMatching(/nothing came$/) },
  ],
])('a server %s is none of RFC 2217', (_, said, expected) =>
  still(async (pass) => {
    const server = new Server();
    const began = watched(server.client.begin({}));
    await pass(1);
    server.say(...said);
    await pass(ANSWER_MS);
    expect(began.state()).toMatchObject({
      ...FAILED,
      hint: expect.stringContaining('a raw TCP port is tcp://HOST:PORT'),
      ...expected,
    });
  }),
);

test('a server that closes at once is taken for one whose port is in use', async () => {
  const server = new Server();
  const began = server.client.begin({});
  server.say(new TextEncoder().encode('Port already in use\r\n'));
  server.cut();
  await expect(began).rejects.toMatchObject({
    code: 'PORT_BUSY',
    message: expect.stringContaining('it says "Port already in use"'),
    details: { path: PATH },
  });
});

test('bytes that are no commands go to whoever listens, also while nothing is agreed', async () => {
  const server = new Server();
  const heard: number[] = [];
  server.client.onBytes = (bytes) => heard.push(...bytes);
  server.say(Uint8Array.of(1));
  await server.begun();
  server.say(Uint8Array.of(2, IAC, IAC), optionBytes(DO, BINARY), Uint8Array.of(3));
  expect(heard).toEqual([1, 2, IAC, 3]);
});

test('interrupted it waits no more, and listens to the signal no more', () =>
  still(async () => {
    const server = new Server();
    const stop = new AbortController();
    const removed = vi.spyOn(stop.signal, 'removeEventListener');
    const began = server.client.begin({ signal: stop.signal });
    stop.abort();
    await expect(began).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(removed).toHaveBeenCalledOnce();
  }));

test('settings are asked for together, and each is answered by itself', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    const settings = [rateSetting(9600), paritySetting('even'), lineSetting('dtr', false)];
    const asked = watched(server.client.ask(settings, { needed: settings.slice(0, 1) }));
    expect(server.heard()).toEqual([
      settings.flatMap((setting) => [...subBytes(requestBytes(setting))]),
    ]);
    server.tell(ComPort.SET_PARITY, 3);
    await pass(100);
    expect(asked.state()).toBe('waits');
    server.tell(ComPort.SET_BAUDRATE, 9615);
    await pass(0);
    expect(asked.state()).toBe('waits');
    server.tell(ComPort.SET_CONTROL, 9);
    await pass(0);
    expect(asked.state()).toBe(true);
  }));

test.each([
  ['200 ms for what may be left out', 0, 200],
  ['twice its round trip, where that is longer', 150, 300],
])('a server gets %s', (_, roundTripMs, ms) =>
  still(async (pass) => {
    const server = new Server();
    const began = server.client.begin({});
    await pass(roundTripMs);
    server.say(optionBytes(DO, COM_PORT));
    await began;
    const asked = watched(server.client.ask([lineSetting('rts', true)]));
    await pass(ms - 1);
    expect(asked.state()).toBe('waits');
    await pass(1);
    expect(asked.state()).toBe(false);
  }),
);

test('the quickest answer that was needed is the round trip', () =>
  still(async (pass) => {
    const server = new Server();
    const began = server.client.begin({});
    await pass(90);
    server.say(optionBytes(DO, COM_PORT));
    await began;
    const times = async (ms: number): Promise<number> => {
      const rate = rateSetting(9600);
      const asked = server.client.ask([rate], { needed: [rate] });
      await pass(ms);
      server.tell(ComPort.SET_BAUDRATE, 9600);
      await asked;
      return server.client.roundTripMs;
    };
    expect(await times(200)).toBe(90);
    expect(await times(40)).toBe(40);
    expect(await times(60)).toBe(40);
    const asked = server.client.ask([lineSetting('dtr', true)]);
    await pass(10);
    server.tell(ComPort.SET_CONTROL, 8);
    expect(await asked).toBe(true);
    expect(server.client.roundTripMs).toBe(40);
  }));

test.each<[string, ReturnType<typeof rateSetting>, boolean, number | undefined, object | true]>([
  ['a rate within 2 %', rateSetting(9600), true, 9792, true],
  [
    'a rate that is farther off',
    rateSetting(9600),
    true,
    9793,
    { message: expect.stringContaining('answers 9793 when asked for 9600 baud') },
  ],
  [
    'no rate',
    rateSetting(9600),
    true,
    undefined,
    {
      message: expect.stringContaining('does not confirm 9600 baud'),
      hint: expect.stringContaining('may not have this rate'),
    },
  ],
  [
    'another parity, which was not needed',
    paritySetting('none'),
    false,
    3,
    {
      message: expect.stringContaining('answers 3 when asked for parity none'),
      hint: expect.stringContaining('set the line at the server'),
    },
  ],
])('%s', (_, setting, needed, value, expected) =>
  still(async (pass) => {
    const server = await new Server().begun();
    const asked = watched(server.client.ask([setting], needed ? { needed: [setting] } : {}));
    if (value !== undefined) server.tell(setting.command, value);
    await pass(ANSWER_MS + 200);
    const state = asked.state();
    expect(state).toEqual(
      expected === true ? true : expect.objectContaining({ code: 'PORT_FAILED' }),
    );
    if (expected !== true) expect(state).toMatchObject({ ...FAILED, ...expected });
  }),
);

test.each([
  [DONT, 'refused'],
  [WONT, 'not done'],
])('bytes that may be changed on their way (%i: %s) are told', (verb) =>
  still(async (pass) => {
    const server = await new Server().begun();
    server.say(optionBytes(verb, BINARY));
    const asked = watched(server.client.ask([lineSetting('dtr', true)]));
    await pass(200);
    expect(asked.state()).toMatchObject({
      ...FAILED,
      message: expect.stringContaining('refuses binary transmission'),
    });
  }),
);

test('a server that echoes what it is asked does what nobody knows', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    const asked = watched(server.client.ask([lineSetting('dtr', true)]));
    server.say(subBytes(Uint8Array.of(COM_PORT, ComPort.SET_CONTROL, 8)));
    await pass(200);
    expect(asked.state()).toMatchObject({
      ...FAILED,
      message: expect.stringContaining('it sends back what it is sent'),
    });
  }));

test('the late answer to what was given up is not that to what is asked now', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    const ask = (on: boolean) => watched(server.client.ask([lineSetting('dtr', on)]));
    const first = ask(true);
    await pass(200);
    expect(first.state()).toBe(false);
    const second = ask(false);
    server.tell(ComPort.SET_CONTROL, 8);
    await pass(0);
    expect(second.state()).toBe('waits');
    server.tell(ComPort.SET_CONTROL, 9);
    await pass(0);
    expect(second.state()).toBe(true);
  }));

test('asked once more for the same, the answer is to the one that waits', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    const ask = (on: boolean) => watched(server.client.ask([lineSetting('dtr', on)]));
    ask(true);
    await pass(200);
    const second = ask(true);
    server.tell(ComPort.SET_CONTROL, 8);
    await pass(0);
    expect(second.state()).toBe(true);
    const third = ask(false);
    server.tell(ComPort.SET_CONTROL, 8);
    await pass(0);
    expect(third.state()).toMatchObject({
      message: expect.stringContaining('answers 8 when asked for DTR off'),
    });
  }));

test('SET-CONTROL has several settings: the answer is to the one that it is about', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    const settings = [NO_FLOW_CONTROL, lineSetting('dtr', true), lineSetting('rts', false)];
    const asked = watched(server.client.ask(settings));
    for (const value of [12, 8, 5, 30, 1]) server.tell(ComPort.SET_CONTROL, value);
    await pass(0);
    expect(asked.state()).toBe(true);
  }));

test('told is what needs no answer', async () => {
  const server = await new Server().begun();
  server.client.tell(ComPort.PURGE_DATA, 3);
  expect(server.heard()).toEqual([[...subBytes(Uint8Array.of(COM_PORT, 12, 3))]]);
});

test('a server that takes nothing for the moment is given nothing', () =>
  still(async (pass) => {
    const server = await new Server().begun();
    server.tell(ComPort.FLOWCONTROL_SUSPEND, 0);
    const written = watched(server.client.write(Uint8Array.of(1, IAC)));
    await pass(3_600_000);
    expect([written.state(), server.heard()]).toEqual(['waits', []]);
    server.tell(ComPort.FLOWCONTROL_RESUME, 0);
    await pass(0);
    expect([written.state(), server.heard()]).toEqual(['done', [[1, IAC, IAC]]]);
  }));

test('what waits ends with the connection, or when it is closed', async () => {
  for (const end of [
    (server: Server) => server.cut(),
    (server: Server) => void server.client.close(),
  ]) {
    const server = await new Server().begun();
    const lost: string[] = [];
    server.client.onLost = ({ code }) => lost.push(code);
    server.tell(ComPort.FLOWCONTROL_SUSPEND, 0);
    const waiting = [server.client.write(Uint8Array.of(1)), server.client.ask([rateSetting(9600)])];
    end(server);
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: 'PORT_LOST' });
    await expect(server.client.write(Uint8Array.of(1))).rejects.toMatchObject({
      code: 'PORT_LOST',
    });
    expect(lost.length).toBe(lost.length === 0 ? 0 : 1);
  }
});

test('a write that fails while it is agreed is the connection’s to tell', async () => {
  const server = new Server();
  server.connection.write = () => Promise.reject(new IapError('PORT_LOST', 'cut'));
  const began = server.client.begin({});
  server.say(optionBytes(DO, COM_PORT));
  await began;
});

test.each<[number[], unknown]>([
  [[44, 101, 0, 0, 0x25, 0x80], { command: 1, value: 9600 }],
  [[44, 101, 0xff, 0xff, 0xff, 0xff], { command: 1, value: 0xffff_ffff }],
  [[44, 106], { command: 6, value: 0 }],
  [[44, 100], { command: 0, value: 0 }],
  [[44, 99, 1], undefined],
  [[44], undefined],
  [[45, 101, 1], undefined],
  [[], undefined],
])('%j tells %j', (bytes, told) => {
  expect(tellingOf(Uint8Array.from(bytes))).toEqual(told);
});

test.each([
  [{ command: ComPort.SET_BAUDRATE, value: 0x01020304 }, [44, 1, 1, 2, 3, 4]],
  [{ command: ComPort.SET_BAUDRATE, value: 115_200 }, [44, 1, 0, 1, 0xc2, 0]],
  [{ command: ComPort.SET_DATASIZE, value: 8 }, [44, 2, 8]],
])('%j is asked as %j', (setting, bytes) => {
  expect([...requestBytes(setting)]).toEqual(bytes);
});

test.each([0, 1, 2, 3, 17, 19])('SET-CONTROL %i answers what is asked of flow control', (value) => {
  expect(NO_FLOW_CONTROL.isAnswer(value)).toBe(true);
  expect(NO_FLOW_CONTROL.isDone(value)).toBe(value === 1);
});

test.each([4, 8, 12, 16, 18, 20])('SET-CONTROL %i is about something else', (value) => {
  expect(NO_FLOW_CONTROL.isAnswer(value)).toBe(false);
});

test.each([
  ['dtr', true, 8, 'DTR on'],
  ['dtr', false, 9, 'DTR off'],
  ['rts', true, 11, 'RTS on'],
  ['rts', false, 12, 'RTS off'],
] as const)('%s %s is %i', (line, on, value, name) => {
  expect(lineSetting(line, on)).toMatchObject({ command: ComPort.SET_CONTROL, value, name });
  const answers = [7, 8, 9, 10, 11, 12, 13].filter((each) => lineSetting(line, on).isAnswer(each));
  expect(answers).toEqual(line === 'dtr' ? [8, 9] : [11, 12]);
});
