// BEGIN: a new update, one that goes on, or an image that is there after all.
import { BeginFlag, Begun, decode, Header } from '../../protocol/index.js';
import { badField, type Device } from '../device/device.js';
import { isInstalled } from '../device/installed.js';

/** After these DATA may follow. */
const BEGINNINGS: ReadonlySet<number> = new Set([Begun.STARTED, Begun.RESUMED]);
const BEGUN = `${Begun.STARTED} (started) or ${Begun.RESUMED} (resumed)`;

export interface Beginning {
  /** Number of the first DATA frame */
  readonly next: number;
  readonly resumed: boolean;
}

/** Begins or resumes; undefined if the device says that the image is installed and good after all. */
export async function beginUpdate(
  device: Device,
  header: Uint8Array,
): Promise<Beginning | undefined> {
  let answer = await device.begin(header, 0);
  if (answer.begun === Begun.INSTALLED) {
    // An END whose answer was lost: this run has installed it.
    const { imageSha256 } = decode(Header, header);
    if (isInstalled(await device.hello(true), imageSha256)) return undefined;
    answer = await device.begin(header, BeginFlag.RENEW);
  }
  if (!BEGINNINGS.has(answer.begun)) throw badField('BEGIN', 'begun', answer.begun, BEGUN);
  return { next: answer.next, resumed: answer.begun === Begun.RESUMED };
}
