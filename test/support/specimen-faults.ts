// Ways to make a bootloader in memory wrong in one way, and the verdict that it must then get.
import { expect } from 'vitest';
import type { ConformOptions } from '../../host/conformance/run.js';
import {
  decode,
  encode,
  encodeFrame,
  type Frame,
  FrameDecoder,
  HelloResponse,
  type Layout,
  RESPONSE_BIT,
  Status,
} from '../../protocol/index.js';
import type { Specimen } from './specimen.js';
import { SpecimenBench } from './specimen-bench.js';
import type { SpecimenUpdate } from './specimen-update.js';

export type Fault = (device: Specimen) => void;

export function update(change: (update: SpecimenUpdate, device: Specimen) => void): Fault {
  return (device) => change(device.update, device);
}

/** What is wrong, the check that must fail, how to make it wrong, what was expected, and found */
export type Wrong = readonly [
  what: string,
  id: string,
  fault: Fault,
  expected: string,
  found: string,
];

export interface Wrongs {
  readonly info?: Partial<HelloResponse>;
  readonly options?: Partial<ConformOptions>;
}

/** One device that is wrong fails one check, with these words. */
export async function expectFail(
  [, id, fault, expected, found]: Wrong,
  { info, options }: Wrongs = {},
): Promise<void> {
  const bench = new SpecimenBench(info);
  fault(bench.device);
  const { power } = bench;
  const result = await bench.check(id, { permanent: true, power, ...options });
  expect({
    id: result.id,
    verdict: result.verdict,
    expected: result.expected,
    found: result.found,
    frames: result.frames !== undefined && result.frames.length > 0,
  }).toEqual({ id, verdict: 'fail', expected, found, frames: true });
}

type Change = (payload: Uint8Array, frame: Frame, count: number) => Uint8Array | undefined;

/** Other answers to one kind of request; undefined: none */
export function answers(type: number, change: Change): Fault {
  return (device) => {
    const react = device.react.bind(device);
    let count = 0;
    device.react = (frame) => {
      const payload = react(frame);
      return payload && frame.type === type ? change(payload, frame, ++count) : payload;
    };
  };
}

/** Other fields in answers to one kind of request that are no refusals */
export function says<T>(
  type: number,
  layout: Layout<T>,
  change: (fields: T, frame: Frame, count: number) => Partial<T>,
): Fault {
  return answers(type, (payload, frame, count) => {
    if ((payload[0] ?? 0xff) >= Status.UNKNOWN_COMMAND) return payload;
    const fields = decode(layout, payload);
    return encode(layout, { ...fields, ...change(fields, frame, count) });
  });
}

/** Other requests than those that came in; undefined: nothing came in */
export function hears(change: (frame: Frame) => Frame | undefined): Fault {
  return (device) => {
    const react = device.react.bind(device);
    device.react = (frame) => {
      const heard = change(frame);
      return heard && react(heard);
    };
  };
}

/** Something else comes in than the line carried, chunk by chunk. */
export function receives(
  change: (bytes: Uint8Array, device: Specimen) => readonly Uint8Array[],
): Fault {
  return (device) => {
    const receive = device.receive.bind(device);
    device.receive = (bytes) => {
      for (const chunk of change(bytes, device)) receive(chunk);
    };
  };
}

/** Something happens whenever a frame comes in. */
export function upon(happens: (frame: Frame, device: Specimen) => void): Fault {
  return (device) => {
    const react = device.react.bind(device);
    device.react = (frame) => {
      const payload = react(frame);
      happens(frame, device);
      return payload;
    };
  };
}

/** Something else is said than an answer that is right. */
export function speaks(change: (frame: Frame, bytes: Uint8Array) => readonly Uint8Array[]): Fault {
  return (device) => {
    const say = device.say.bind(device);
    device.say = (bytes) => {
      const [item] = new FrameDecoder().push(bytes);
      if (item?.kind !== 'frame') return;
      for (const chunk of change(item.frame, bytes)) say(chunk);
    };
  };
}

/** Nobody asked for it. */
export function chatters(device: Specimen, type: number): void {
  device.say(
    encodeFrame({ address: 0, type: type | RESPONSE_BIT, seq: 0, payload: new Uint8Array(1) }),
  );
}

/** HELLO says something else. */
export function hello(change: (info: HelloResponse) => Partial<HelloResponse>): Fault {
  return (device) => {
    const right = device.hello.bind(device);
    device.hello = () => {
      const bytes = right();
      const fields = decode(HelloResponse, bytes);
      bytes.set(encode(HelloResponse, { ...fields, ...change(fields) }));
      return bytes;
    };
  };
}

export function all(...faults: readonly Fault[]): Fault {
  return (device) => {
    for (const fault of faults) fault(device);
  };
}
