// Starting the application, and telling a lost answer from a device that is still there.
import { Command, Mode, RESPONSE_BIT, Status } from '../../protocol/index.js';
import { IapError } from '../base/errors.js';
import { PromisedWork, type WorkOptions } from '../base/work.js';
import type { Device } from '../device/device.js';
import { isRefusedWith } from '../device/refusal.js';
import type { Emit, UpdateEvent } from './events.js';

/** Each BOOT that is not answered is followed by a question who is there. */
const ATTEMPTS = 4;

/**
 * Starts the application. The result is false if the device did not confirm: it is gone, so it probably has started it.
 * @param emit is told each event as well
 * @throws IapError APP_SILENT if it is still in its bootloader
 */
export function bootDevice(
  device: Device,
  emit: Emit = () => {},
  options: WorkOptions = {},
): PromisedWork<UpdateEvent, boolean> {
  return new PromisedWork(async (tell, signal) => {
    const unheed = device.session.heed(signal);
    try {
      return await startApplication(device, (event) => {
        tell(event);
        emit(event);
      });
    } finally {
      unheed();
    }
  }, options);
}

export async function startApplication(device: Device, emit: Emit): Promise<boolean> {
  emit({ event: 'booting' });
  for (let attempt = 0; ; attempt++) {
    if (attempt === ATTEMPTS) throw notStarted();
    const outcome = await tryBoot(device);
    if (outcome === 'started') {
      emit({ event: 'booted', answered: true });
      return true;
    }
    if (outcome === 'gone') break;
  }
  emit({
    event: 'warning',
    code: 'BOOT_UNCONFIRMED',
    message:
      'the device did not confirm that it starts its application, and does not answer any more; it probably has',
  });
  emit({ event: 'booted', answered: false });
  return false;
}

async function tryBoot(device: Device): Promise<'started' | 'gone' | 'there'> {
  try {
    await device.boot(1);
    return 'started';
  } catch (error) {
    // The application answers: the BOOT before this one has worked.
    if (isRefusedWith(error, Status.IN_APP)) return 'started';
    if (error instanceof IapError && error.code === 'INTERRUPTED') throw interrupted(error);
    if (!isSilence(error)) throw error;
  }
  const answered = new AbortController();
  const { session } = device;
  // The answer may still come, late: from then on there is nobody to ask.
  const leave = session.listen(({ address, type, payload }) => {
    const isBoot = address === session.address && type === (Command.BOOT | RESPONSE_BIT);
    if (isBoot && payload[0] === Status.OK) answered.abort();
  });
  const unheed = session.heed(answered.signal);
  try {
    // Without hold: it must not be kept from starting.
    const info = await device.hello(false);
    return info.mode === Mode.APP ? 'started' : 'there';
  } catch (error) {
    if (answered.signal.aborted) return 'started';
    if (isSilence(error)) return 'gone';
    if (error instanceof IapError && error.code === 'INTERRUPTED') throw interrupted(error);
    throw error;
  } finally {
    unheed();
    leave();
  }
}

function interrupted(cause: IapError): IapError {
  return new IapError(
    'INTERRUPTED',
    'interrupted; nothing was written, but whether the application was started is not known',
    { hint: 'the bootloader starts a verified application by itself', cause },
  );
}

function isSilence(error: unknown): boolean {
  return error instanceof IapError && error.code === 'LINK_LOST';
}

function notStarted(): IapError {
  return new IapError(
    'APP_SILENT',
    'the image is installed and verified, but the bootloader does not answer when it is told to start it, and still answers everything else',
    { hint: 'reset the device: its bootloader starts a verified application by itself' },
  );
}
