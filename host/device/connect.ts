// Finding a device and keeping it: call, ask a running application to enter the bootloader, wait for its image check.
import {
  ADDRESS_BROADCAST,
  ADDRESS_ONLY,
  APP_ANSWER_MS,
  CALL_INTERVAL_MS,
  Command,
  HelloRequest,
  ImageState,
  Mode,
  RATE_IDLE_MS,
  Status,
} from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { asciiOf } from '../base/text.js';
import { noiseOf } from '../link/noise.js';
import { Session } from '../link/session.js';
import { Census } from './census.js';
import {
  Device,
  type DeviceInfo,
  decodeHello,
  HELLO_ANSWER_SIZE,
  heeded,
  helloRequest,
} from './device.js';
import { NotNowWait } from './not-now.js';
import { isRefusedWith } from './refusal.js';

export interface ConnectOptions {
  /** Keep the device in the bootloader; if its application answers, ask it to enter */
  readonly hold: boolean;
  /** Call without pauses, to catch a device that is about to be reset */
  readonly wait?: boolean;
  /** Wait until it is sure that nobody else answers at address 0, also where nothing is held or tells of a shared pair */
  readonly alone?: boolean;
  /** How long to look for a device [ms]; Infinity for ever */
  readonly timeoutMs?: number;
  /** Called before an application is asked to leave; may throw to leave it running, or return false to stay with it */
  readonly beforeEnter?: (info: DeviceInfo) => boolean;
  readonly onEntering?: (info: DeviceInfo) => void;
  /** Called when the application does not want to be left now, and again when its detail changes: with `wait` it is asked until it does */
  readonly onNotNow?: (detail: number) => void;
}

/** A killed host leaves a device at another rate for RATE_IDLE_MS; then it must have time to answer. */
export const DEFAULT_TIMEOUT_MS = RATE_IDLE_MS + 2000;
/** An application may need this long to reset, and a bootloader to start [ms]. */
const ENTER_MS = 5000;
/** ENTER is repeated if the application still answers after this long [ms]. */
const ENTER_AGAIN_MS = 1000;
/** The longest check of an image: 512 KB at 8 MHz, the clock without a PLL [ms]. */
const CHECK_MS = 5000;
/** What the check of an image takes longer than it must, at most: the time to the next question [ms] */
const MOST_PATIENCE_MS = 160;
/** So many calls at least, or half of those that fit into the time, before nobody is there. */
const MOST_CALLS = 60;
/** Answers to old calls make the search longer, up to so many times. */
const MOST_LONGER = 6;
/** After one of them the answers to newer calls are waited for [ms]. */
const LATE_PAUSE_MS = 1000;
/** A port that takes bytes takes a call in this time, also at the end of the search [ms]. */
const LEAST_WRITE_MS = 1000;
/** HELLOs to the address that a device says is its own */
const ADOPT_ATTEMPTS = 3;
/** Idle characters between calls (protocol § 4) */
const IDLE_CHARACTERS = 2;
/** On a half-duplex pair an answer to a call has begun by then, if there is one (protocol § 15) [ms] … */
const BEGUN_MS = 50;
/** … and shows after so many characters whose it is. */
const TELLING_CHARACTERS = 5;

/**
 * Finds a device. One that answers at address 0 and has its own is spoken to by that from then on.
 * @throws IapError NO_ANSWER, NOT_OUR_DEVICE or ECHO if there is none; SEVERAL_DEVICES if more than one answers at address 0, with
 * nothing changed on any of them
 */
export async function connect(session: Session, options: ConnectOptions): Promise<Device> {
  const { hold, alone = hold } = options;
  if (session.address !== ADDRESS_ONLY || !alone) return find(session, options);
  const census = new Census(session);
  try {
    return await find(session, options, census);
  } catch (error) {
    const heard = isNobody(error) && error.details.received;
    const several = heard ? await census.several() : undefined;
    census.close();
    throw several ?? error;
  }
}

async function find(session: Session, options: ConnectOptions, census?: Census): Promise<Device> {
  const timeout =
    options.timeoutMs ?? (options.wait ? Number.POSITIVE_INFINITY : DEFAULT_TIMEOUT_MS);
  const interval = options.wait ? CALL_INTERVAL_MS : answerTime(session);
  const until = options.wait ? session.clock.now() + timeout : undefined;
  for (;;) {
    const info = await call(session, options.hold, interval, timeout);
    const device = new Device(session, info);
    census?.answered(info);
    if (!options.hold) {
      await census?.settle();
      census?.close();
      return device;
    }
    if (info.mode === Mode.APP) {
      if (options.beforeEnter?.(info) === false) return device;
      await onlyOne(device, options, census);
      options.onEntering?.(info);
      const notNow = new NotNowWait(session, until, (detail) => options.onNotNow?.(detail));
      if (!(await enter(device, notNow))) continue;
      // Others may have been asked to leave with it, and answer only now.
      census?.answered(device.info);
    } else {
      await onlyOne(device, options, census);
    }
    await checked(device);
    return device;
  }
}

/**
 * Nobody else answers at address 0. That is waited for where an address or half duplex tells of a shared pair. A device without is alone
 * (protocol § 15), and nobody waits a quarter of a second for it; whoever answers beside it all the same ends the search.
 */
async function onlyOne(
  device: Device,
  options: ConnectOptions,
  census: Census | undefined,
): Promise<void> {
  if (!census) return;
  await adoptAddress(device);
  const shared = device.info.address !== ADDRESS_ONLY || device.session.halfDuplex;
  if (!shared && !options.alone) {
    census.watch();
    return;
  }
  await census.settle();
  census.close();
}

/** From now on by its own address, if it answers there. */
async function adoptAddress(device: Device): Promise<void> {
  const { session, info } = device;
  if (info.address === ADDRESS_ONLY || info.address === ADDRESS_BROADCAST) return;
  session.address = info.address;
  try {
    await device.hello(true, ADOPT_ATTEMPTS);
  } catch (error) {
    if (!(error instanceof IapError) || error.code !== 'LINK_LOST') throw error;
    session.address = ADDRESS_ONLY;
  }
}

/** How long an answer to HELLO may take, so that a slow line is not filled with answers nobody needs [ms]. */
export function answerTime(session: Session): number {
  const bytes = Session.wireSize(HelloRequest.size) + Session.wireSize(HELLO_ANSWER_SIZE);
  return APP_ANSWER_MS + session.lineTime(bytes);
}

/** From one call to the next, if there were one every `intervalMs` [ms] */
export function callPause(session: Session, intervalMs: number): number {
  const size = Session.wireSize(HelloRequest.size) + 1;
  const pause = Math.max(intervalMs, session.lineTime(size + IDLE_CHARACTERS));
  const begun = BEGUN_MS + session.lineTime(size + TELLING_CHARACTERS);
  return session.halfDuplex ? Math.max(pause, begun) : pause;
}

/** HELLO again and again until somebody answers. Calls are not waited for one by one: a listening window is short. */
export async function call(
  session: Session,
  hold: boolean,
  intervalMs: number,
  timeoutMs: number,
): Promise<DeviceInfo> {
  const { clock } = session;
  const payload = helloRequest(hold);
  const interval = (): number => callPause(session, intervalMs);
  const answerMs = session.lineTime(Session.wireSize(HELLO_ANSWER_SIZE) + 1);
  const startedAt = clock.now();
  const before = { ...session.stats };
  let end = startedAt + timeoutMs;
  let answer: Uint8Array | undefined;
  let lateMs = 0;
  // A host that gets little of its computer has not looked for long, however late it is.
  const least = Math.min(MOST_CALLS, Math.floor(timeoutMs / interval() / 2));
  for (let calls = 0; ; calls++) {
    if (clock.now() >= end) await session.until(end, () => answer !== undefined);
    if (answer !== undefined) return measured(session, answer, lateMs);
    if (clock.now() >= end && calls >= least) {
      throw notFound(session, before, end - startedAt);
    }
    const hello = {
      type: Command.HELLO,
      payload,
      answerSize: HELLO_ANSWER_SIZE,
      onAnswer: (bytes: Uint8Array): void => {
        answer ??= bytes;
        lateMs = clock.now() - sentAt - session.lineTime(Session.wireSize(bytes.length));
      },
    };
    // None has begun to come: the pair is free for the next call.
    if (session.halfDuplex) session.forget(Command.HELLO);
    // Whoever waits for a device waits for a port that nobody reads yet, too.
    const posted = session.post([hello], Math.max(end, clock.now() + LEAST_WRITE_MS));
    const sentAt = session.lineFreeAt;
    await posted;
    let late = session.lateAnswers;
    const soon = clock.now() + interval();
    let next = clock.now() < end ? Math.min(end, soon) : soon;
    while (answer === undefined && clock.now() < next) {
      await session.pause(next);
      // The device answers calls from long ago, after a stall of the line: the answer to a newer one is on its way, and more
      // calls would only push that one out of those that are waited for.
      if (session.lateAnswers > late) {
        late = session.lateAnswers;
        const longest = startedAt + MOST_LONGER * timeoutMs;
        end = Math.min(longest, Math.max(end, clock.now() + timeoutMs));
        next = Math.min(end, clock.now() + Math.max(LATE_PAUSE_MS, interval() + answerMs));
      }
    }
    // One more call would be answered, too, and an answer takes longer than a pause.
    if (session.incoming > 0) await session.until(clock.now(), () => answer !== undefined);
  }
}

/** An application answers when it gets to it: only a bootloader's answer tells of the way. */
function measured(session: Session, answer: Uint8Array, lateMs: number): DeviceInfo {
  const info = heeded(session, decodeHello(answer));
  session.roundTrips.waited++;
  if (info.mode === Mode.BOOTLOADER) session.roundTrips.add(lateMs, answer.length);
  return info;
}

/**
 * From the application to the bootloader, which may have another rate: the one that the application names. False: an
 * application that was waited for does not answer any more.
 */
async function enter(device: Device, notNow: NotNowWait): Promise<boolean> {
  const { session } = device;
  const { clock, transport } = session;
  const appRate = transport.rate;
  const bootRate = device.info.defaultRate || appRate;
  const sameRate = transport.fixedRate === true || bootRate === appRate;
  let end = clock.now() + ENTER_MS;
  let sentAt = Number.NEGATIVE_INFINITY;
  let lastHeardAt = clock.now();
  while (clock.now() < end) {
    if (clock.now() - sentAt >= ENTER_AGAIN_MS) {
      sentAt = clock.now();
      await changePort(session, appRate);
      const refusal = await tryEnter(device);
      if (refusal) {
        await notNow.next(refusal);
        lastHeardAt = clock.now();
        end = lastHeardAt + ENTER_MS;
        sentAt = Number.NEGATIVE_INFINITY;
        continue;
      }
      await changePort(session, bootRate);
    }
    // An ENTER that was lost is heard of only at the application's rate.
    const patience = sameRate ? end - clock.now() : ENTER_AGAIN_MS;
    const info = await callOrNobody(session, true, CALL_INTERVAL_MS, patience);
    if (!info) continue;
    device.info = info;
    if (info.mode === Mode.BOOTLOADER) return true;
    lastHeardAt = clock.now();
    await session.sleep(CALL_INTERVAL_MS);
  }
  await changePort(session, appRate);
  const still = end - lastHeardAt < ENTER_AGAIN_MS;
  if (notNow.begun && !still) return false;
  throw new IapError(
    'ENTER_FAILED',
    `the application was asked to enter the bootloader, but ${still ? 'it is still running' : 'nobody answers since'}`,
    {
      hint: 'start this command with --wait and reset the device; being asked changes nothing on it',
    },
  );
}

/** A port that can not change is where it is, whatever its rate is called. */
async function changePort(session: Session, rate: number): Promise<void> {
  if (session.transport.fixedRate || session.transport.rate === rate) return;
  await session.drain();
  await session.setRate(rate);
  // Calls at the rate before are not answered any more: at a slower one, all their answers would take seconds.
  session.forget(Command.HELLO);
}

/** As call(), but undefined if nobody answers in time. */
async function callOrNobody(
  session: Session,
  hold: boolean,
  intervalMs: number,
  timeoutMs: number,
): Promise<DeviceInfo | undefined> {
  try {
    return await call(session, hold, intervalMs, timeoutMs);
  } catch (error) {
    if (isNobody(error)) return undefined;
    throw error;
  }
}

/** The answer may be lost because the application resets: only a refusal says that it will not. Returns the one that says: not now. */
async function tryEnter(device: Device): Promise<IapError | undefined> {
  try {
    await device.enter(1);
    return undefined;
  } catch (error) {
    if (error instanceof IapError && error.code === 'LINK_LOST') return undefined;
    if (isRefusedWith(error, Status.NOT_NOW)) return error;
    if (isRefusedWith(error, Status.IN_APP) || isRefusedWith(error, Status.UNKNOWN_COMMAND)) {
      throw new IapError(
        'ENTER_FAILED',
        'the running application does not let the bootloader be entered',
        {
          hint: 'start this command with --wait and reset the device',
          cause: error,
        },
      );
    }
    throw error;
  }
}

/**
 * Waits until the device knows whether its installed image is good, which takes a moment after a reset. While it answers it does not
 * check: half a megabyte took twice as long when it was asked every 20 ms.
 */
export async function checked(device: Device): Promise<void> {
  const { session } = device;
  const end = session.clock.now() + CHECK_MS;
  const pending = (): boolean =>
    (device.info.installed.state & (ImageState.VALID | ImageState.CHECKED)) === ImageState.VALID;
  for (let ms = CALL_INTERVAL_MS; pending() && session.clock.now() < end; ms *= 2) {
    await session.sleep(Math.min(ms, MOST_PATIENCE_MS));
    await device.hello(true);
  }
}

/** Waits for an application to answer, without keeping a bootloader that is about to start it. */
export async function waitForApp(session: Session, timeoutMs: number): Promise<DeviceInfo> {
  const { clock } = session;
  const end = clock.now() + timeoutMs;
  let last: DeviceInfo | undefined;
  while (clock.now() < end) {
    const info = await callOrNobody(session, false, answerTime(session), end - clock.now());
    if (!info) break;
    last = info;
    if (info.mode === Mode.APP) return info;
    await session.sleep(APP_ANSWER_MS);
  }
  throw new IapError(
    'APP_SILENT',
    last?.mode === Mode.BOOTLOADER
      ? `the bootloader still answers ${timeoutMs} ms after it was told to start the application`
      : `the application was started, but does not answer within ${timeoutMs} ms`,
    {
      hint: 'the image is installed and verified; an application answers only if it is built with the app kit',
      details: { timeoutMs },
    },
  );
}

export const NOBODY: ReadonlySet<string> = new Set(['NO_ANSWER', 'NOT_OUR_DEVICE', 'ECHO']);

function isNobody(error: unknown): error is IapError {
  return error instanceof IapError && NOBODY.has(error.code);
}

function notFound(session: Session, before: Session['stats'], ms: number): IapError {
  const { stats } = session;
  const received = stats.bytesReceived - before.bytesReceived;
  const seconds = (ms / 1000).toFixed(1);
  const details = { received, timeoutMs: Math.round(ms), rate: session.transport.rate };
  if (received === 0) {
    return new IapError(
      'NO_ANSWER',
      `no device answers within ${seconds} s at ${details.rate} baud; nothing was received`,
      {
        hint: 'check power, cable (TX to RX) and port; if an application without the app kit is running, use --wait and reset the device',
        details,
      },
    );
  }
  const { incoming } = session;
  if (incoming > 0) {
    return new IapError(
      'NO_ANSWER',
      `a device has begun to answer, but ${incoming} bytes are all that came of it within ${seconds} s`,
      {
        hint: 'something in between is slow or breaks off; run the same command again, with a longer --timeout',
        details,
      },
    );
  }
  const noise = noiseOf(stats, before);
  if (noise) {
    return new IapError(
      'NO_ANSWER',
      `no answer is understood within ${seconds} s: ${noise.found}`,
      {
        hint: `${noise.remedy}; the device itself is there, or several are that answer at the same time: "iap scan"`,
        details: { ...details, ...noise.details },
      },
    );
  }
  const late = stats.staleAnswers - before.staleAnswers;
  if (late > 0) {
    return new IapError(
      'NOT_OUR_DEVICE',
      `${late} answers of this protocol came within ${seconds} s, but none to a call that is still waited for`,
      {
        hint: 'a device with another address answers (--address), another program uses the same line, or something in between holds bytes back for seconds: then try a longer --timeout',
        details,
      },
    );
  }
  if (stats.echoes > before.echoes) {
    return new IapError('ECHO', 'the line echoes what is sent, and nobody else answers', {
      hint: 'TX and RX are connected with each other, or the device on this half-duplex line is off',
      details,
    });
  }
  const discarded = stats.bytesDiscarded - before.bytesDiscarded;
  const noFrame = discarded === 0 ? '' : `, ${discarded} of them no frame`;
  const remedy = isLikeRom(session.sample)
    ? 'perhaps ST\'s ROM bootloader answers: set BOOT0 low and reset, or use "iap isp"'
    : 'check the port, and the rate with --initial-baud; a running application that prints may need --wait and a reset';
  return new IapError(
    'NOT_OUR_DEVICE',
    `something answers, but not in this protocol: ${received} bytes in ${seconds} s${noFrame}`,
    { hint: `received last: ${describe(session.sample)}; ${remedy}`, details },
  );
}

/** What its ACK and NACK look like at the rate that it measures from a frame, which is rarely the right one */
const ROM_ANSWERS: ReadonlySet<number> = new Set([0x00, 0x1f, 0x3f, 0x79, 0x7f]);

function isLikeRom(sample: Uint8Array): boolean {
  return sample.some((byte) => byte !== 0) && sample.every((byte) => ROM_ANSWERS.has(byte));
}

/** A sample as text if it looks like text, otherwise in hex. */
function describe(sample: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(sample).replace(/\s+/g, ' ');
  const printable = asciiOf(text, '');
  if (printable.length >= text.length * 0.8) return JSON.stringify(printable);
  return Array.from(sample.subarray(-16), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
