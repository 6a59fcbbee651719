// Where updates run: in a worker, because browsers wake the timers of a hidden page once a second, and a device listens for less.
import { IapError } from '../base/errors.js';
import { checkImage } from '../check/check-image.js';
import { connect } from '../device/connect.js';
import type { DeviceInfo } from '../device/device.js';
import { openSession } from '../device/open.js';
import type { Image } from '../image/image.js';
import { parseHex } from '../image/names.js';
import type { Transport } from '../link/transport.js';
import { update } from '../update/update.js';
import { type BrowserPort, browserSerial } from './browser-serial.js';
import { DemoDevice, demoFirmware } from './demo.js';
import { deviceFacts } from './device-facts.js';
import { faultOf } from './fault.js';
import { type CheckedFirmware, checkedFirmware } from './firmware.js';
import type { FromWorker, Job, LineSettings, ToWorker } from './messages.js';
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
  const load = 'load' in job ? job.load : undefined;
  const controller = new AbortController();
  // A load is done at once, and must not keep an update from being stopped.
  if (load === undefined) stop = controller;
  try {
    scope.postMessage(await answerTo(job, controller.signal));
  } catch (error) {
    scope.postMessage({ answer: 'failed', load, fault: faultOf(error) });
  }
}

function answerTo(job: Job, signal: AbortSignal): Promise<FromWorker> | FromWorker {
  switch (job.job) {
    case 'check':
      return check(job.file, job);
    case 'demo-firmware':
      return check(demoFirmware(), { load: job.load, name: 'demo.bin' }, true);
    case 'find':
      return find(job, signal);
    case 'update':
      return install(job, signal);
  }
}

function check(
  file: Uint8Array,
  { load, name, ...options }: Omit<JobOf<'check'>, 'job' | 'file'>,
  demo = false,
): FromWorker {
  checked = undefined;
  const { image, firmware } = checkedFirmware(file, name, options);
  checked = { image, firmware: demo ? { ...firmware, demo } : firmware };
  return { answer: 'checked', load, firmware: checked.firmware };
}

/** Who is there, without keeping it from anything that it does */
async function find(job: JobOf<'find'>, signal: AbortSignal): Promise<FromWorker> {
  const image = imageFor(job);
  return withPort(job, image, async (transport) => {
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

async function install(job: JobOf<'update'>, signal: AbortSignal): Promise<FromWorker> {
  const { rate, wait, only } = job;
  const image = imageFor(job);
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
  return withPort(job, image, use, only === undefined ? 0 : SETTLES_MS);
}

/** @throws Error for other firmware than the one that is shown, and for made-up firmware and a real device */
function imageFor({ sha256, place }: LineSettings): Image {
  if (checked?.firmware.sha256 !== sha256) throw new Error('the page shows other firmware');
  if (checked.firmware.demo && place.kind !== 'demo')
    throw new Error('demo firmware is no firmware');
  return checked.image;
}

/** @param patienceMs for a port that can not be opened yet */
async function withPort<T>(
  { place, initialRate }: LineSettings,
  image: Image,
  use: (transport: Transport) => Promise<T>,
  patienceMs = 0,
): Promise<T> {
  const transport =
    place.kind === 'demo' ? demo.open(image) : await openPort(place.port, initialRate, patienceMs);
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
