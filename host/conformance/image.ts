// Images that the checks install. They run on any Cortex-M, and give the device back: after a while they reset it.
import { BOOTLOADER_BASE, decode, Header, type HelloResponse } from '../../protocol/index.js';
import { plainHeader } from '../image/image.js';

/** In the RAM of every part: the smallest have 4 KB. */
const STACK = 0x2000_1000;
const VECTORS = 16;
const SVC_VECTOR = 11;
const CODE_AT = 4 * VECTORS;
/** Offsets in CODE */
const RESET_NOW = 0x28;
const PAUSE = 0x34;

/**
 * Checks that it was entered as from a reset, takes an SVC exception through its own vector table, is silent for some
 * two million loops, and resets. If anything is not as after a reset, or any other exception comes, it resets at once.
 * Thumb code that every Cortex-M has (ARMv6-M), as words.
 */
const CODE = [
  0x8010f3ef, //   mrs  r0, PRIMASK
  0x8114f3ef, //   mrs  r1, CONTROL
  0xd10d4308, //   orrs r0, r1;         bne reset_now
  0x490b4668, //   mov  r0, sp;         ldr r1, =stack
  0xd1094288, //   cmp  r0, r1;         bne reset_now
  0x6808490a, //   ldr  r1, =SYST_CSR;  ldr r0, [r1]
  0x42102207, //   movs r2, #7;         tst r0, r2
  0x4909d104, //   bne  reset_now;      ldr r1, =NVIC_ISER
  0x28006808, //   ldr  r0, [r1];       cmp r0, #0
  0xdf00d100, //   bne  reset_now;      svc 0
  0x49084807, // reset_now: ldr r0, =AIRCR; ldr r1, =key
  0xf3bf6001, //   str  r1, [r0];       dsb
  0xe7fe8f4f, //   (dsb);               b .
  0x38014806, // pause: ldr r0, =loops; subs r0, #1
  0xe7f5d1fd, //   bne  (subs);         b reset_now
  STACK,
  0xe000e010, // SYST_CSR
  0xe000e100, // NVIC_ISER
  0xe000ed0c, // AIRCR
  0x05fa0004, // VECTKEY, SYSRESETREQ
  2_000_000, // loops: 0.8 s at 8 MHz
] as const;

/**
 * Leaves by a jump to the bootloader's reset vector instead of a reset, while its tick interrupts it 20 000 times a second at
 * 8 MHz: as applications do that know no better way.
 */
const JUMP = [
  0x49084809, // ldr  r0, =SYST_CSR;  ldr r1, =399
  0x21006041, // str  r1, [r0, #4];   movs r1, #0
  0x21076081, // str  r1, [r0, #8];   movs r1, #7
  0x48076001, // str  r1, [r0];       ldr r0, =loops
  0xd1fd3801, // subs r0, #1;         bne (subs)
  0x68014806, // ldr  r0, =bootloader; ldr r1, [r0]
  0x8808f381, // msr  MSP, r1
  0x47006840, // ldr  r0, [r0, #4];   bx r0
  0xe7fe4770, // tick: bx lr;         b .
  399,
  0xe000e010, // SYST_CSR
  1_000_000, // loops, some of them taken by the tick
  BOOTLOADER_BASE,
] as const;
const TICK_VECTOR = 15;
/** Offsets in JUMP */
const TICK = 0x20;
const HANG = 0x22;

/** How long such an image is silent at least, on the fastest core out of reset [ms] */
export const LEAST_PAUSE_MS = 60;
/** Bytes of the smallest such image */
export const SMALLEST = CODE_AT + 4 * CODE.length;

export interface TestImage {
  readonly bytes: Uint8Array;
  readonly header: Uint8Array;
}

export interface ImageOptions {
  /** Bytes; at least SMALLEST */
  readonly size?: number;
  /** Another number, other bytes */
  readonly seed?: number;
  /** Jumps to the bootloader in the end, with an interrupt running */
  readonly jumps?: boolean;
  /** First two vectors, where they shall be wrong */
  readonly stack?: number;
  readonly reset?: number;
  /** Fields of the header, where they shall differ */
  readonly header?: Partial<Header>;
}

/** Bytes of a test image, filled up with noise that depends on the seed. */
function imageBytes(
  base: number,
  { size = SMALLEST + 4, seed = 1, jumps = false, stack, reset }: ImageOptions,
): Uint8Array {
  const bytes = noise(seed, size);
  const view = new DataView(bytes.buffer);
  const entry = base + CODE_AT + 1;
  for (let i = 0; i < VECTORS; i++) view.setUint32(4 * i, entry + (jumps ? HANG : RESET_NOW), true);
  if (jumps) view.setUint32(4 * TICK_VECTOR, entry + TICK, true);
  else view.setUint32(4 * SVC_VECTOR, entry + PAUSE, true);
  view.setUint32(0, stack ?? STACK, true);
  view.setUint32(4, reset ?? entry, true);
  (jumps ? JUMP : CODE).forEach((word, i) => {
    view.setUint32(CODE_AT + 4 * i, word, true);
  });
  return bytes;
}

/** An image for this device. Its security counter is the lowest that the device takes. */
export function testImage(
  info: HelloResponse,
  counter: number,
  options: ImageOptions = {},
): TestImage {
  const bytes = imageBytes(info.appBase, options);
  const header = plainHeader(bytes, info.appBase, {
    product: info.product,
    version: { major: 0, minor: 0, patch: 0, build: options.seed ?? 1 },
    securityCounter: counter,
    ...options.header,
  });
  return { bytes, header };
}

/** What the header says of its image */
export function digestIn({ header }: TestImage): Uint8Array {
  return decode(Header, header).imageSha256;
}

/** Bytes that look random and repeat for a seed */
export function noise(seed: number, size: number): Uint8Array {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state = (state ^ (state << 5)) >>> 0;
    return state >>> 24;
  });
}
