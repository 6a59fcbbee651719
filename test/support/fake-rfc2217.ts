// An RFC 2217 server with one defect, on this machine; its line is a loop of what the test says.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { ComPort, requestBytes } from '../../host/node/remote/com-port.js';
import {
  DO,
  DONT,
  escaped,
  optionBytes,
  subBytes,
  TelnetDecoder,
  WILL,
  WONT,
} from '../../host/node/remote/telnet.js';

export const COM_PORT = 44;
export const BINARY = 0;

export interface Behaviour {
  /** Sent as soon as a client is there */
  readonly greeting?: string;
  /** Then the connection is closed */
  readonly closes?: boolean;
  /** Says and does nothing */
  readonly silent?: boolean;
  /** Sends back what comes, as it is */
  readonly echoes?: boolean;
  /** Telnet options it does not want */
  readonly refuses?: readonly number[];
  /** Telnet options it says nothing about */
  readonly ignores?: readonly number[];
  /** The value that it answers to a request; undefined: none; missing: what was asked for */
  readonly answer?: (command: number, value: number) => number | undefined;
  /** Closes when it is asked for this */
  readonly closesAt?: (command: number, value: number) => boolean;
  /** One byte a packet */
  readonly dribbles?: boolean;
}

export interface Heard {
  readonly command: number;
  readonly value: number;
}

export class FakeServer {
  /** Settings it was asked for, in order */
  readonly heard: Heard[] = [];
  /** Data for the line */
  data: number[] = [];
  readonly port: number;
  #socket: Socket | undefined;
  readonly #behaviour: Behaviour;

  private constructor(behaviour: Behaviour, port: number) {
    this.#behaviour = behaviour;
    this.port = port;
  }

  static async start(behaviour: Behaviour = {}): Promise<FakeServer> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const fake = new FakeServer(behaviour, (server.address() as { port: number }).port);
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      fake.#serve(socket);
    });
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    return fake;
  }

  get path(): string {
    return `rfc2217://127.0.0.1:${this.port}`;
  }

  /** From the line */
  send(bytes: Uint8Array): void {
    this.#write(escaped(bytes));
  }

  /** As it is */
  sendRaw(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  cut(): void {
    this.#socket?.destroy();
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    const { greeting, closes, silent, echoes } = this.#behaviour;
    if (greeting !== undefined) socket.write(greeting);
    if (closes) socket.end();
    const decoder = new TelnetDecoder();
    const said = new Set<string>();
    socket.on('data', (chunk: Buffer) => {
      if (echoes) socket.write(chunk);
      if (silent || echoes || closes) return;
      for (const part of decoder.push(new Uint8Array(chunk))) {
        if (part.kind === 'data') this.data.push(...part.bytes);
        if (part.kind === 'option') this.#option(part.verb, part.option, said);
        if (part.kind === 'sub') this.#request(part.bytes);
      }
    });
  }

  #option(verb: number, option: number, said: Set<string>): void {
    const { refuses = [], ignores = [] } = this.#behaviour;
    if (ignores.includes(option)) return;
    const refused = refuses.includes(option);
    const answers: Readonly<Partial<Record<number, number>>> = {
      [WILL]: refused ? DONT : DO,
      [DO]: refused ? WONT : WILL,
    };
    const answer = answers[verb];
    if (answer === undefined || said.has(`${answer} ${option}`)) return;
    said.add(`${answer} ${option}`);
    this.#write(optionBytes(answer, option));
  }

  #request([option, command = 0, ...payload]: Uint8Array): void {
    if (option !== COM_PORT) return;
    const value = payload.reduce((sum, byte) => sum * 0x100 + byte, 0);
    this.heard.push({ command, value });
    if (this.#behaviour.closesAt?.(command, value)) {
      this.cut();
      return;
    }
    const { answer = (_: number, asked: number) => asked } = this.#behaviour;
    const found = answer(command, value);
    if (found === undefined) return;
    const bytes = requestBytes({ command, value: found });
    bytes[1] = command + 100;
    this.#write(subBytes(bytes));
  }

  #write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    if (!this.#behaviour.dribbles) socket.write(bytes);
    else for (const byte of bytes) socket.write(Uint8Array.of(byte));
  }
}

export const RATE = ComPort.SET_BAUDRATE;
