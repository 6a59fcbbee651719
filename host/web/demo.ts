// A device that is not there, for those who only want to see: the fake one of the tests, on a line that takes its time.
import { APP_BASE, Capability, decode, Header } from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import { kitFacts } from '../check/kit-facts.js';
import { type Image, plainHeader } from '../image/image.js';
import type { Transport } from '../link/transport.js';
import { FakeDevice } from '../testing/fake-device.js';
import { FakeLine } from '../testing/fake-line.js';
import { OrderedClock } from './ordered-clock.js';

export const DEMO_PART = 'demo';
const PAGE_SIZE = 2048;
const PAGES = 240;
const RATE = 115200;
/** Another image that it has at first [bytes] */
const OLD_SIZE = 40_000;
const DEMO_SIZE = 60_000;

/** It takes whatever it is given: an application of another version runs on it. */
export class DemoDevice {
  readonly #clock = new OrderedClock();
  #line: FakeLine | undefined;
  #device: FakeDevice | undefined;

  /** Its port. @param image what it must fit */
  open(image: Image): Transport {
    const device = this.#device ?? this.#made(image);
    this.#device = device;
    const line = this.#line as FakeLine;
    line.closed = false;
    return line;
  }

  #made(image: Image): FakeDevice {
    const header = image.header && decode(Header, image.header);
    const line = new FakeLine(this.#clock, RATE);
    this.#line = line;
    const [kit] = kitFacts(image.bytes);
    const appBase = image.base ?? APP_BASE;
    const pageSize = kit?.pageSize ?? PAGE_SIZE;
    const appEnd = kit?.appEnd ?? appBase + PAGES * pageSize;
    const device = new FakeDevice(this.#clock, line, {
      pageSize,
      pages: (appEnd - appBase) / pageSize,
      appKit: true,
      info: {
        part: kit?.part ?? DEMO_PART,
        serial: 'DEMO-0001',
        appBase,
        appEnd,
        ...(header
          ? {
              product: header.product,
              hardware: header.hardwareMin,
              ...(isZero(header.uniqueId) ? {} : { uniqueId: header.uniqueId }),
            }
          : {}),
        capabilities:
          Capability.BAUD |
          Capability.CONFIRM |
          Capability.SIGNATURE |
          ((header?.capabilities ?? 0) & ~(Capability.DEFLATE | Capability.DICTIONARY)),
      },
    });
    const old = noise(Math.min(OLD_SIZE, (appEnd - appBase) / 2));
    device.flash.bytes.set(old);
    const entry = device.flash.append(
      plainHeader(old, appBase, { version: { major: 1, minor: 0, patch: 0, build: 0 } }),
    );
    device.flash.touch(entry);
    entry.valid = true;
    device.startApp();
    return device;
  }
}

/** Something to install where there is no firmware at hand */
export function demoFirmware(): Uint8Array {
  const bytes = noise(DEMO_SIZE, 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x2000_2000, true);
  for (let at = 4; at < 4 * 98; at += 4) view.setUint32(at, APP_BASE + 0x201, true);
  return bytes;
}

/** The same bytes each time (xorshift32) */
function noise(size: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  });
}
