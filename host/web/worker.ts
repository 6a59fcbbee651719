// Where updates run: in a worker, because browsers wake the timers of a hidden page once a second, and a device listens for less.
import { IapError } from '../base/errors.js';
import { checkImage } from '../check/check-image.js';
import { connect } from '../device/connect.js';
import type { DeviceInfo } from '../device/device.js';
import { openSession } from '../device/open.js';
import { parseHex } from '../image/names.js';
import type { Transport } from '../link/transport.js';
import { update } from '../update/update.js';
import { type BrowserPort, browserSerial } from './browser-serial.js';
import { DemoDevice, demoFirmware } from './demo.js';
import { deviceFacts } from './device-facts.js';
import { faultOf } from './fault.js';
import { type CheckedFirmware, checkedFirmware } from './firmware.js';
import type { FromWorker, Job, Place, ToWorker } from './messages.js';
import { findPort, type WebPortId } from './ports.js';
import { openWebSerial } from './serial.js';

type JobOf<Name extends Job['job']> = Extract<Job, { readonly job: Name }>;

/** What this file needs of a worker's global scope */
const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
};

/** Of a chip's unique id [bytes] */
const ID_SIZE = 12;
/** A port that was just plugged in belongs for a moment to the system, or to a program that looks at every new one [ms]. */
const SETTLES_MS = 5000;
const LOOK_MS = 250;

const demo = new DemoDevice();
let checked: CheckedFirmware | undefined;
let stop: AbortController | undefined;

scope.onmessage = ({ data }) => {
  if (data.job === 'stop') stop?.abort();
  else void run(data);
};

async function run(job: Job): Promise<void> {
  stop = new AbortController();
  try {
    scope.postMessage(await answerTo(job, stop.signal));
  } catch (error) {
    scope.postMessage({ answer: 'failed', job: job.job, fault: faultOf(error) });
  }
}

function answerTo(job: Job, signal: AbortSignal): Promise<FromWorker> | FromWorker {
  switch (job.job) {
    case 'check':
      return check(job.file, job);
    case 'demo-firmware':
      return check(demoFirmware(), { name: 'demo.bin' });
    case 'find':
      return find(job, signal);
    case 'update':
      return install(job, signal);
  }
}

function check(file: Uint8Array, options: Omit<JobOf<'check'>, 'job' | 'file'>): FromWorker {
  checked = undefined;
  checked = checkedFirmware(file, options.name, options);
  return { answer: 'checked', firmware: checked.firmware, file };
}

/** Who is there, without keeping it from anything that it does */
async function find(
  { place, initialRate }: JobOf<'find'>,
  signal: AbortSignal,
): Promise<FromWorker> {
  const { image } = firmware();
  return withPort(place, initialRate, async (transport) => {
    const session = openSession(transport, { signal });
    try {
      const { info } = await connect(session, { hold: false });
      return { answer: 'found', device: deviceFacts(info), ...refusal(info, image) };
    } finally {
      session.close();
    }
  });
}

/** Why an update would end before it began */
function refusal(
  info: DeviceInfo,
  image: CheckedFirmware['image'],
): { fault?: ReturnType<typeof faultOf> } {
  try {
    checkImage(image, info);
    return {};
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

async function install(
  { place, initialRate, rate, wait, only }: JobOf<'update'>,
  signal: AbortSignal,
): Promise<FromWorker> {
  const { image } = firmware();
  const use = async (transport: Transport): Promise<FromWorker> => {
    const work = update(transport, image, {
      signal,
      wait,
      waitApp: false,
      ...(rate === undefined ? {} : { rate }),
      ...(only === undefined ? {} : { only: parseHex('the unique id', only, ID_SIZE) }),
    });
    for (;;) {
      const step = await work.next();
      if (step.done) {
        const { device, ...result } = step.value;
        return { answer: 'done', result, device: deviceFacts(device) };
      }
      const event = step.value;
      if (event.event === 'found') {
        scope.postMessage({ answer: 'device', device: deviceFacts(event.device) });
      }
      scope.postMessage({ answer: 'event', event });
    }
  };
  return withPort(place, initialRate, use, only === undefined ? 0 : SETTLES_MS);
}

function firmware(): CheckedFirmware {
  if (checked) return checked;
  throw new IapError('IMAGE_EMPTY', 'no firmware is chosen');
}

/** @param patienceMs for a port that can not be opened yet */
async function withPort<T>(
  place: Place,
  rate: number,
  use: (transport: Transport) => Promise<T>,
  patienceMs = 0,
): Promise<T> {
  const transport =
    place.kind === 'demo'
      ? demo.open(firmware().image)
      : await openPort(place.port, rate, patienceMs);
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}

async function openPort(id: WebPortId, rate: number, patienceMs: number): Promise<Transport> {
  for (let left = patienceMs; ; left -= LOOK_MS) {
    try {
      return await openWebSerial(await chosen(id), { rate });
    } catch (error) {
      const passes = error instanceof IapError && PASSES.has(error.code);
      if (!passes || left <= 0) throw error;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

const PASSES: ReadonlySet<string> = new Set(['PORT_BUSY', 'PORT_NOT_FOUND']);

async function chosen(id: WebPortId): Promise<BrowserPort> {
  const port = findPort((await browserSerial()?.getPorts()) ?? [], id);
  if (port) return port;
  throw new IapError('PORT_NOT_FOUND', 'the port that was chosen is not there any more');
}
