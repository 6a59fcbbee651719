// The checks of conformance against the bootloader in memory, right or wrong, in virtual time.
import { concat, sameBytes } from '../../host/base/bytes.js';
import { sha256 } from '../../host/base/sha256.js';
import {
  type CheckResult,
  type Conformance,
  type ConformOptions,
  conform,
} from '../../host/conformance/run.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { VirtualClock } from '../../host/testing/virtual-clock.js';
import {
  Capability,
  crc32,
  decode,
  encode,
  FRAME_DELIMITER,
  FrameDecoder,
  Header,
  type HelloResponse,
  offsetOf,
  Signature,
} from '../../protocol/index.js';
import { COMMAND_NAMES, ONE_KEY, Specimen } from './specimen.js';

const RATE = 115_200;
/** No run of a few checks takes so long, unless it hangs [ms]. */
const LONGEST_MS = 120_000;
const SIGNED = offsetOf(Header, 'signature');
/** Number of the key that signs */
const KEY = 1;

/** What stands for a signature: a digest of what is signed, twice */
function signatureOf(header: Uint8Array): Uint8Array {
  const digest = sha256(header.subarray(0, SIGNED));
  return concat([digest, digest]);
}

export function sign(header: Uint8Array): Uint8Array {
  const fields = decode(Header, header);
  const signatureAlgorithm = Signature.ECDSA_P256;
  const out = encode(Header, { ...fields, keyId: KEY, signatureAlgorithm });
  out.set(signatureOf(out), SIGNED);
  return out;
}

function genuine(header: Uint8Array): boolean {
  const { keyId, signatureAlgorithm, signature } = decode(Header, header);
  if (keyId !== KEY || signatureAlgorithm !== Signature.ECDSA_P256) return false;
  return sameBytes(signature, signatureOf(header));
}

export class SpecimenBench {
  readonly clock = new VirtualClock();
  readonly line: FakeLine;
  readonly device: Specimen;
  readonly power = {
    off: (): Promise<void> => Promise.resolve(this.device.powerOff()),
    on: (): Promise<void> => Promise.resolve(this.device.powerOn()),
  };
  readonly #sent: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  constructor(info: Partial<HelloResponse> = {}) {
    const capabilities = info.capabilities ?? 0;
    const pair = (capabilities & Capability.HALF_DUPLEX) !== 0;
    const { defaultRate = RATE } = info;
    this.line = new FakeLine(this.clock, defaultRate, pair ? { halfDuplex: {} } : {});
    // Checks break the rules for hosts on purpose: each byte is only written down.
    this.line.checker.burst = (bytes) => {
      this.#sent.push({ at: this.clock.now(), bytes: bytes.slice() });
    };
    // A device on a pair sees each byte arrive, and any device those that no delimiter ends.
    this.line.toDevice = (bytes) =>
      pair || !bytes.includes(FRAME_DELIMITER)
        ? Array.from(bytes, (byte) => Uint8Array.of(byte))
        : [bytes];
    this.device = new Specimen(this.clock, this.line, info);
    if ((capabilities & Capability.SIGNATURE) === 0) return;
    this.device.security = ONE_KEY;
    this.device.update.genuine = genuine;
  }

  /** A whole run; the device is off afterwards, or virtual time would never end. */
  async conform(options: Partial<ConformOptions> = {}): Promise<Conformance> {
    const { clock, line, device } = this;
    const { halfDuplex } = device;
    const stop = new AbortController();
    const tooLong = clock.after(LONGEST_MS, () => stop.abort());
    const { signal } = stop;
    try {
      return await conform(line, { clock, address: 0, halfDuplex, signal, ...options });
    } finally {
      tooLong();
      device.powerOff();
    }
  }

  async check(id: string, options: Partial<ConformOptions> = {}): Promise<CheckResult> {
    const { results } = await this.conform({ ...options, only: [id] });
    return results[0] as CheckResult;
  }

  /** How often it was called, if nobody answered, and how long after each other at least [ms] */
  get calls(): { readonly count: number; readonly everyMs: number } {
    const gaps = this.#sent.slice(1).map(({ at }, i) => at - (this.#sent[i]?.at ?? 0));
    return { count: this.#sent.length, everyMs: Math.min(...gaps) };
  }

  /** What the host sent, in short: how long it took, a CRC-32 of all bytes and their times, and the requests in their order */
  get conversation(): string {
    const bytes = concat(this.#sent.map((burst) => burst.bytes));
    const times = this.#sent.map(({ at }) => at.toFixed(3)).join();
    const crc = crc32(concat([bytes, new TextEncoder().encode(times)]));
    const ms = this.clock.now().toFixed(0);
    const names = new FrameDecoder()
      .push(bytes)
      .map((item) => (item.kind === 'frame' ? nameOf(item.frame.type) : item.reason));
    return `${ms} ms, 0x${crc.toString(16)}: ${runs(names).join(' ')}`;
  }
}

function nameOf(type: number): string {
  return COMMAND_NAMES[type] ?? `0x${type.toString(16)}`;
}

/** The same one several times behind each other: with their number */
function runs(names: readonly string[]): string[] {
  const out: string[] = [];
  let from = 0;
  names.forEach((name, i) => {
    if (names[i + 1] === name) return;
    const count = i + 1 - from;
    out.push(count === 1 ? name : `${name}*${count}`);
    from = i + 1;
  });
  return out;
}
