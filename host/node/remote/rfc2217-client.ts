// The conversation with an RFC 2217 server: which telnet options hold, what was asked of its port, and what it has answered.
import { concat } from '../../base/bytes.js';
import { IapError } from '../../base/errors.js';
import { hexBytes, printable } from '../../base/text.js';
import type { StopOptions } from '../../link/transport.js';
import { COM_PORT_OPTION, ComPort, requestBytes, type Setting, tellingOf } from './com-port.js';
import type { Connection } from './connection.js';
import { closedAtOnce, connectionLost } from './errors.js';
import {
  DO,
  DONT,
  escaped,
  optionBytes,
  subBytes,
  TelnetDecoder,
  type TelnetPart,
  WILL,
  WONT,
} from './telnet.js';

/** Telnet options: bytes as they are (RFC 856), and no go-ahead after each line (RFC 858) */
const BINARY = 0;
const SUPPRESS_GO_AHEAD = 3;
const OURS = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT_OPTION];
const ITS = [BINARY, SUPPRESS_GO_AHEAD];
/** Not asked for, but some servers offer it in this direction too */
const WELCOME = [...ITS, COM_PORT_OPTION];

/** An answer that must come: a server far away, which has lost a packet or two [ms] */
export const ANSWER_MS = 5000;
/** A server that gives some answers gives the others with them, at the latest so long after [ms]. */
const MORE_MS = 200;
/** What a stranger has said, and how much of it a message shows in hex [bytes] */
const SAMPLE = 80;
const SHOWN = 16;

interface Asked {
  readonly setting: Setting;
  /** Missing once nobody waits any more */
  answered: ((value: number) => void) | undefined;
}

export interface AskOptions extends StopOptions {
  /** Those that the server must answer; what it says of the others counts only if it says it */
  readonly needed?: readonly Setting[];
}

export class Rfc2217Client {
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: IapError) => void = () => {};
  readonly #connection: Connection;
  readonly #path: string;
  readonly #answerMs: number;
  readonly #decoder = new TelnetDecoder();
  /** What was said about telnet options: by us, and by the server */
  readonly #said = new Set<string>();
  readonly #heard = new Set<string>();
  #asked: Asked[] = [];
  readonly #wakers = new Set<() => void>();
  #lost: IapError | undefined;
  /** Until the server has agreed: what came, and was not telnet */
  #stray: Uint8Array | undefined = new Uint8Array();
  /** Our own requests came back. */
  #echo = false;
  /** The server takes no bytes for the moment. */
  #suspended = false;
  /** The quickest answer that was needed [ms] */
  roundTripMs = Number.POSITIVE_INFINITY;

  constructor(connection: Connection, path: string, answerMs = ANSWER_MS) {
    this.#connection = connection;
    this.#path = path;
    this.#answerMs = answerMs;
    connection.onBytes = (bytes) => {
      for (const part of this.#decoder.push(bytes)) this.#take(part);
      this.#wake();
    };
    connection.onLost = (error) => {
      this.#lost = error;
      this.#wake();
      this.onLost(error);
    };
  }

  /**
   * Until the server has agreed to be told about its port.
   * @throws IapError PORT_FAILED, PORT_BUSY, PORT_LOST, INTERRUPTED
   */
  async begin(stop: StopOptions): Promise<void> {
    const from = performance.now();
    for (const option of OURS) this.#say(WILL, option);
    for (const option of ITS) this.#say(DO, option);
    const agreed = (): boolean => this.#hears(DO, COM_PORT_OPTION);
    const refused = (): boolean => this.#hears(DONT, COM_PORT_OPTION);
    try {
      await this.#until(() => agreed() || refused(), this.#answerMs, stop);
    } catch (error) {
      throw error === this.#lost
        ? closedAtOnce(this.#path, this.#stray ?? new Uint8Array())
        : error;
    }
    if (!agreed()) throw this.#stranger(refused());
    this.#answeredIn(performance.now() - from);
    this.#stray = undefined;
  }

  /**
   * Asks for settings, and looks at the answers.
   * @returns whether there was any answer
   * @throws IapError PORT_FAILED if a setting is answered with another value, or a needed one not at all; PORT_LOST, INTERRUPTED
   */
  async ask(settings: readonly Setting[], options: AskOptions = {}): Promise<boolean> {
    const { needed = [] } = options;
    const answers = new Map<Setting, number>();
    const asked = settings.map((setting): Asked => {
      return { setting, answered: (value) => answers.set(setting, value) };
    });
    this.#asked.push(...asked);
    this.#send(concat(settings.map((setting) => subBytes(requestBytes(setting)))));
    const from = performance.now();
    const more = Math.max(MORE_MS, 2 * this.roundTripMs);
    try {
      await this.#until(() => needed.every((each) => answers.has(each)), this.#answerMs, options);
      if (needed.length > 0) this.#answeredIn(performance.now() - from);
      await this.#until(() => answers.size === settings.length, more, options);
    } finally {
      for (const each of asked) each.answered = undefined;
    }
    for (const setting of settings) {
      const value = answers.get(setting);
      if (value === undefined && this.#echo) throw this.#stranger(false);
      if (value === undefined ? needed.includes(setting) : !setting.isDone(value)) {
        throw this.#notDone(setting, value);
      }
    }
    this.#checkBinary();
    return answers.size > 0;
  }

  /** Tells, and waits for nothing. */
  tell(command: number, value: number): void {
    this.#send(subBytes(requestBytes({ command, value })));
  }

  /** @throws IapError PORT_LOST, INTERRUPTED */
  async write(bytes: Uint8Array, stop: StopOptions = {}): Promise<void> {
    await this.#until(() => !this.#suspended, Number.POSITIVE_INFINITY, stop);
    await this.#connection.write(escaped(bytes), stop);
  }

  /** What waits for the server ends with PORT_LOST. */
  close(): Promise<void> {
    this.#lost ??= connectionLost(this.#path, new Uint8Array());
    this.#wake();
    return this.#connection.close();
  }

  #answeredIn(ms: number): void {
    this.roundTripMs = Math.min(this.roundTripMs, ms);
  }

  #take(part: TelnetPart): void {
    switch (part.kind) {
      case 'data':
        if (this.#stray) this.#stray = concat([this.#stray, part.bytes]).slice(-SAMPLE);
        this.onBytes(part.bytes);
        break;
      case 'option':
        this.#heardOption(part.verb, part.option);
        break;
      case 'sub':
        this.#heardSub(part.bytes);
        break;
    }
  }

  /** Each thing is said once: who answers what is known already never ends (RFC 854). */
  #heardOption(verb: number, option: number): void {
    this.#heard.add(key(verb, option));
    if (verb === DO) this.#say(OURS.includes(option) ? WILL : WONT, option);
    if (verb === WILL) this.#say(WELCOME.includes(option) ? DO : DONT, option);
  }

  #say(verb: number, option: number): void {
    if (this.#said.has(key(verb, option))) return;
    this.#said.add(key(verb, option));
    this.#send(optionBytes(verb, option));
  }

  #hears(verb: number, option: number): boolean {
    return this.#heard.has(key(verb, option));
  }

  #heardSub(bytes: Uint8Array): void {
    const told = tellingOf(bytes);
    if (!told) {
      this.#echo ||= bytes[0] === COM_PORT_OPTION;
      return;
    }
    const { command, value } = told;
    if (command === ComPort.FLOWCONTROL_SUSPEND) this.#suspended = true;
    if (command === ComPort.FLOWCONTROL_RESUME) this.#suspended = false;
    const candidates = this.#asked.filter(
      ({ setting }) => setting.command === command && setting.isAnswer(value),
    );
    // The answer to one that was given up may come late, or never.
    const fits = candidates.filter(({ setting }) => setting.isDone(value));
    const own = fits.find(({ answered }) => answered) ?? fits[0] ?? candidates[0];
    if (!own) return;
    const over = candidates.slice(0, candidates.indexOf(own) + 1);
    this.#asked = this.#asked.filter((each) => !over.includes(each));
    own.answered?.(value);
  }

  #send(bytes: Uint8Array): void {
    // A connection that fails says so itself.
    this.#connection.write(bytes).catch(() => {});
  }

  /** Until `ready`, or for so long. */
  async #until(ready: () => boolean, ms: number, { signal }: StopOptions): Promise<void> {
    let over = false;
    const timer = Number.isFinite(ms)
      ? setTimeout(() => {
          over = true;
          this.#wake();
        }, ms)
      : undefined;
    const wake = (): void => this.#wake();
    signal?.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        if (this.#lost) throw this.#lost;
        if (signal?.aborted) throw new IapError('INTERRUPTED', 'interrupted');
        if (ready() || over) return;
        await new Promise<void>((resolve) => {
          this.#wakers.add(resolve);
        });
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
    }
  }

  #wake(): void {
    const wakers = [...this.#wakers];
    this.#wakers.clear();
    for (const wake of wakers) wake();
  }

  #checkBinary(): void {
    if (!this.#hears(DONT, BINARY) && !this.#hears(WONT, BINARY)) return;
    throw this.#failed(
      'refuses binary transmission: it may change bytes on their way',
      `turn that on at the server; ${RAW_INSTEAD}`,
    );
  }

  #stranger(refused: boolean): IapError {
    if (refused) {
      return this.#failed(
        'is a telnet server that does not know RFC 2217',
        `with ser2net: accepter "telnet(rfc2217),tcp,PORT"; ${RAW_INSTEAD}`,
      );
    }
    const heard = this.#stray ?? new Uint8Array();
    const found =
      heard.length === 0
        ? 'nothing came'
        : `${heard.length} bytes came, the last ${hexBytes(heard.subarray(-SHOWN))}`;
    const within = `within ${this.#answerMs / 1000} s`;
    return this.#failed(
      `does not answer as an RFC 2217 server does ${within}: ${this.#echo ? 'it sends back what it is sent' : found}`,
      `look after the number of the port; ${RAW_INSTEAD}`,
    );
  }

  #notDone({ command, name }: Setting, found: number | undefined): IapError {
    const did = found === undefined ? 'does not confirm' : `answers ${found} when asked for`;
    return this.#failed(
      `${did} ${name}`,
      command === ComPort.SET_BAUDRATE
        ? `the adapter there may not have this rate; ${RAW_INSTEAD}, if its line is set as it must be`
        : `set the line at the server; ${RAW_INSTEAD}`,
    );
  }

  #failed(what: string, hint: string): IapError {
    return new IapError('PORT_FAILED', `the server of ${printable(this.#path)} ${what}`, {
      hint,
      details: { path: this.#path },
    });
  }
}

const RAW_INSTEAD = 'a raw TCP port is tcp://HOST:PORT';

function key(verb: number, option: number): string {
  return `${verb} ${option}`;
}
