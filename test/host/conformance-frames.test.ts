// Devices that are wrong about frames, addresses and the size of requests, each in one way: the check that must fail, and what it
// says.
import { test } from 'vitest';
import { helloRequest } from '../../host/device/device.js';
import {
  ADDRESS_BROADCAST,
  BeginResponse,
  Begun,
  Command,
  encodeFrame,
  FRAME_DELIMITER,
  FrameDecoder,
  RESPONSE_BIT,
  Status,
  Stay,
} from '../../protocol/index.js';
import type { Specimen } from '../support/specimen.js';
import {
  all,
  answers,
  chatters,
  expectFail,
  type Fault,
  hears,
  hello,
  receives,
  says,
  speaks,
  upon,
  type Wrong,
} from '../support/specimen-faults.js';
import { refusal } from '../support/specimen-update.js';

const HOLD = helloRequest(true);

function isFrame(bytes: Uint8Array): boolean {
  return new FrameDecoder().push(bytes).some(({ kind }) => kind === 'frame');
}

/** Not a frame, and more than a delimiter */
function isNoise(bytes: Uint8Array): boolean {
  return bytes.length > 1 && !isFrame(bytes);
}

/** What COBS hides; undefined where a block is cut short */
function unstuffed(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < bytes.length - 1; ) {
    const code = bytes[at] ?? 0;
    out.push(...bytes.subarray(at + 1, at + code));
    at += code;
    if (code < 255 && at < bytes.length - 1) out.push(0);
  }
  return Uint8Array.from(out);
}

/** A frame whose CRC is not looked at, where `takes` says so */
function takesDamaged(
  takes: (type: number, data: Uint8Array, bytes: Uint8Array) => boolean,
): Fault {
  return receives((bytes) => {
    if (!isNoise(bytes)) return [bytes];
    const data = unstuffed(bytes);
    const [address = 0, type = 0, seq = 0] = data;
    if (!takes(type, data, bytes)) return [bytes];
    return [encodeFrame({ address, type, seq, payload: data.slice(3, -4) })];
  });
}

function swapped(data: Uint8Array): boolean {
  const body = data.subarray(0, -4);
  const [address = 0, type = 0, seq = 0] = body;
  const right = unstuffed(encodeFrame({ address, type, seq, payload: body.slice(3) })).slice(-4);
  return data.slice(-4).reverse().join() === right.join();
}

/** Something happens to it with each chunk that is longer than any frame. */
function afterLong(happens: (device: Specimen, bytes: Uint8Array) => void): Fault {
  return receives((bytes, device) => {
    if (bytes.length > 600) device.clock.after(0, () => happens(device, bytes));
    return [bytes];
  });
}

/** The record says something else from some moment on. */
function forgets(when: (bytes: Uint8Array) => boolean): Fault {
  let gone = false;
  return all(
    receives((bytes) => {
      gone ||= when(bytes);
      return [bytes];
    }),
    hello(({ installed }) => (gone ? { installed: { ...installed, sequence: 99 } } : {})),
  );
}

function framesIn(bytes: Uint8Array): readonly { type: number; address: number }[] {
  return new FrameDecoder()
    .push(bytes)
    .flatMap((item) => (item.kind === 'frame' ? [item.frame] : []));
}

function doesNotTake(size: number): Fault {
  return hears((frame) => (frame.payload.length === size ? undefined : frame));
}

/** … once it was asked by an address above 200 */
function deafTo(own: number): Fault {
  return (device) => {
    let asked = false;
    device.accepts = ({ address, type }) => {
      asked ||= address > 200;
      return [0, 17].includes(address) && type < RESPONSE_BIT && !(asked && address === own);
    };
  };
}

function answersToAll(type: number): Fault {
  return (device) => {
    const accepts = device.accepts.bind(device);
    device.accepts = (frame) => {
      if (frame.address === ADDRESS_BROADCAST && frame.type === type) chatters(device, type);
      return accepts(frame);
    };
  };
}

function actsAndAnswers(type: number): Fault {
  return upon((frame, device) => {
    if (frame.address === ADDRESS_BROADCAST && frame.type === type) chatters(device, type);
  });
}

function takesShort(type: number, length: number): Fault {
  return answers(type, (payload, frame) =>
    frame.payload.length === length ? Uint8Array.of(Status.OK, 0, 0, 0, 0) : payload,
  );
}

function takesForCommand(type: number): Fault {
  return answers(type, (payload, frame) =>
    frame.payload.length > 0 ? Uint8Array.of(Status.OK) : payload,
  );
}

function refusesLonger(type: number): Fault {
  return answers(type, (payload, frame) => {
    const more = frame.payload.subarray(-11);
    const longer = more.length === 11 && more.every((byte) => byte === 0xa5);
    return longer ? refusal(Status.BAD_REQUEST) : payload;
  });
}

const WRONG: readonly Wrong[] = [
  [
    'hears no frame right behind noise',
    'noise',
    (device) => {
      let deaf = false;
      receives((bytes) => {
        const was = deaf;
        deaf = isNoise(bytes);
        return was && bytes.length > 1 ? [] : [bytes];
      })(device);
    },
    'an answer to HELLO, seq 9 within 50 ms',
    'nothing',
  ],
  [
    'refuses HELLO behind noise',
    'noise',
    (device) => {
      let noise = false;
      receives((bytes) => {
        noise ||= isNoise(bytes);
        return [bytes];
      })(device);
      answers(Command.HELLO, (payload) => (noise ? refusal(Status.IN_APP) : payload))(device);
    },
    'HELLO answered with hello_response of 228 bytes',
    'IN_APP (4300000000)',
  ],
  [
    'refuses HELLO in pieces',
    'noise',
    (device) => {
      let pieces = 0;
      receives((bytes) => {
        pieces += bytes.length === 1 && bytes[0] !== FRAME_DELIMITER ? 1 : 0;
        return [bytes];
      })(device);
      answers(Command.HELLO, (payload) => (pieces > 0 ? refusal(Status.IN_APP) : payload))(device);
    },
    'HELLO answered with hello_response of 228 bytes',
    'IN_APP (4300000000)',
  ],
  [
    'gives up on a frame that comes in pieces',
    'noise',
    (device) => {
      let at = 0;
      receives((bytes) => {
        const pause = device.clock.now() - at > 2;
        at = device.clock.now();
        return pause ? [Uint8Array.of(FRAME_DELIMITER), bytes] : [bytes];
      })(device);
    },
    'an answer to HELLO, seq 21 within 50 ms',
    'nothing',
  ],
  [
    'does not know the empty block behind a full one',
    'cobs-forms',
    receives((bytes) => (bytes.length > 254 && bytes.at(-2) === 1 ? [] : [bytes])),
    'an answer to HELLO, seq 85 within 50 ms',
    'nothing',
  ],
  [
    'wants an empty block behind a full one',
    'cobs-forms',
    receives((bytes) => (bytes.length > 254 && bytes.at(-256) === 255 ? [] : [bytes])),
    'an answer to HELLO, seq 85 within 50 ms',
    'nothing',
  ],
  [
    'refuses a HELLO that ends with a full block',
    'cobs-forms',
    answers(Command.HELLO, (payload, frame) =>
      frame.payload.length > 250 ? refusal(Status.BAD_REQUEST) : payload,
    ),
    'HELLO answered with hello_response of 228 bytes',
    'BAD_REQUEST (4100000000)',
  ],
  [
    'acts on ENTER with one wrong bit',
    'bad-crc',
    takesDamaged((type, data) => type === Command.ENTER && data.length === 7),
    'no answer to a frame with one wrong bit, then an answer to HELLO, seq 11 within 50 ms',
    'an answer of ENTER (00), seq 11',
  ],
  [
    'acts on a HELLO cut short',
    'bad-crc',
    receives((bytes) => {
      const data = unstuffed(bytes);
      const cut = isNoise(bytes) && data[1] === Command.HELLO && data.length === 7;
      if (!cut) return [bytes];
      return [encodeFrame({ address: 0, type: Command.HELLO, seq: data[2] ?? 0, payload: HOLD })];
    }),
    'no answer to a frame with one wrong bit, then an answer to HELLO, seq 11 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 10',
  ],
  [
    'takes a CRC in any byte order',
    'bad-crc',
    takesDamaged((_, data) => swapped(data)),
    'no answer to a frame with its CRC reversed, then an answer to HELLO, seq 14 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 12',
  ],
  [
    'answers BEGIN with a wrong CRC',
    'bad-crc',
    takesDamaged((type) => type === Command.BEGIN),
    'no answer to BEGIN with a wrong CRC, then an answer to HELLO, seq 16 within 50 ms',
    'an answer of BEGIN (00000000), seq 15',
  ],
  [
    'begins with a wrong CRC, and is silent',
    'bad-crc',
    (device) => {
      let begun = false;
      receives((bytes) => {
        begun ||= isNoise(bytes) && bytes.length > 250;
        return [bytes];
      })(device);
      hello(({ pending }) => (begun ? { pending: { ...pending, sequence: 7 } } : {}))(device);
    },
    'sequence of the pending image 0',
    '7',
  ],
  [
    'answers a frame longer than any',
    'too-long',
    afterLong((device, bytes) => bytes[9] !== 0xff && bytes[9] !== 1 && chatters(device, 1)),
    'no answer to a frame longer than max_payload, then an answer to HELLO, seq 15 within 50 ms',
    'an answer of HELLO (00), seq 0',
  ],
  [
    'answers many 0xFF',
    'too-long',
    afterLong((device, bytes) => bytes[0] === 0xff && bytes[9] === 0xff && chatters(device, 1)),
    'no answer to a frame of more than 4096 bytes, then an answer to HELLO, seq 12 within 50 ms',
    'an answer of HELLO (00), seq 0',
  ],
  [
    'answers many 0x01',
    'too-long',
    afterLong((device, bytes) => bytes[0] === 1 && bytes[9] === 1 && chatters(device, 1)),
    'no answer to a frame of more than 4096 bytes, then an answer to HELLO, seq 11 within 50 ms',
    'an answer of HELLO (00), seq 0',
  ],
  [
    'answers a frame longer than max_payload',
    'too-long',
    receives((bytes) => {
      const [frame] = framesIn(bytes);
      if (!frame || bytes.length < 1000) return [bytes];
      return [encodeFrame({ ...frame, seq: 1, payload: HOLD })];
    }),
    'no answer to a frame longer than max_payload, then an answer to HELLO, seq 15 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 1',
  ],
  [
    'stays for another reason after a frame that is too long',
    'too-long',
    afterLong((device) => {
      device.stay = Stay.BUTTON;
    }),
    'stay NO_RECORD',
    'BUTTON',
  ],
  [
    'forgets its session over a frame that is too long',
    'too-long',
    afterLong((device) => device.update.abort()),
    'a DATA response',
    'NO_SESSION',
  ],
  [
    'finds a gap after a frame that is too long',
    'too-long',
    afterLong(({ update: { session } }) => {
      if (session) session.status = Status.GAP;
    }),
    'status of the session and next 0, 0',
    '1, 0',
  ],
  [
    'goes on by a frame that is too long',
    'too-long',
    afterLong(({ update: { session } }) => {
      if (session) session.next = 1;
    }),
    'status of the session and next 0, 0',
    '0, 1',
  ],
  [
    'answers DATA that does not ask',
    'silent',
    (device) => {
      const { update } = device;
      update.data = () => refusal(Status.NO_SESSION);
    },
    'no answer to a DATA frame that does not ask, then an answer to HELLO, seq 1 within 50 ms',
    'an answer of DATA (4200000000), seq 0',
  ],
  [
    'does not answer ENTER',
    'silent',
    answers(Command.ENTER, () => undefined),
    'an answer to ENTER, seq 2 within 50 ms',
    'nothing',
  ],
  [
    'does not answer PAGES',
    'silent',
    answers(Command.PAGES, () => undefined),
    'an answer to PAGES, seq 3 within 50 ms',
    'nothing',
  ],
  [
    'does not answer a longer HELLO',
    'silent',
    answers(Command.HELLO, (payload, frame) => (frame.payload.length > 60 ? undefined : payload)),
    'an answer to HELLO, seq 4 within 50 ms',
    'nothing',
  ],
  [
    'says something by itself, later',
    'silent',
    upon(({ type, payload }, device) => {
      if (type === Command.HELLO && payload.length > 60)
        device.clock.after(900, () => chatters(device, Command.PAGES));
    }),
    'nothing after the answer to HELLO within 1000 ms',
    'an answer of PAGES (00), seq 0',
  ],
  [
    'says something by itself, after one HELLO more',
    'silent',
    upon(({ type, payload }, device) => {
      if (type === Command.HELLO && payload.length > 60)
        device.clock.after(1500, () => device.line.answer(Uint8Array.of(5, 6, 7, 0), device.rate));
    }),
    'nothing after the answer to HELLO within 1000 ms',
    '3 bytes that are no frame (cobs)',
  ],
  [
    'answers twice',
    'silent',
    speaks((frame, bytes) => (frame.seq === 0x80 ? [bytes, bytes] : [bytes])),
    'an answer to HELLO, seq 255 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 128',
  ],
  [
    'answers with another seq',
    'silent',
    speaks((frame, bytes) => [frame.seq === 0x80 ? encodeFrame({ ...frame, seq: 0 }) : bytes]),
    'an answer to HELLO, seq 128 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 0',
  ],
  [
    'answers with another type',
    'silent',
    speaks((frame, bytes) => [
      frame.seq === 0x80 ? encodeFrame({ ...frame, type: Command.BOOT | RESPONSE_BIT }) : bytes,
    ]),
    'an answer to HELLO, seq 128 within 50 ms',
    'an answer of BOOT (0001020005010000), seq 128',
  ],
  [
    'answers with its own address',
    'silent',
    speaks((frame, bytes) => [frame.seq === 0x80 ? encodeFrame({ ...frame, address: 17 }) : bytes]),
    'an answer to HELLO, seq 128 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 128 to address 17',
  ],
  [
    'answers with what is no frame',
    'silent',
    speaks((frame, bytes) => [frame.seq === 0x80 ? bytes.fill(0x33, 0, 9) : bytes]),
    'an answer to HELLO, seq 128 within 50 ms',
    '236 bytes that are no frame (crc)',
  ],
  [
    'answers with nothing in it',
    'silent',
    speaks((frame, bytes) => [
      frame.seq === 0x80 ? encodeFrame({ ...frame, payload: new Uint8Array() }) : bytes,
    ]),
    'HELLO answered with hello_response of 228 bytes',
    'an empty answer',
  ],
  [
    'answers HELLO with a field less',
    'silent',
    answers(Command.HELLO, (payload, { seq }) => (seq === 0x80 ? payload.slice(0, 170) : payload)),
    'hello_response of 228 bytes',
    'OK (000102000501000073706563696d656e…)',
  ],
  [
    'takes less than 272 bytes, and says so',
    'payload-limit',
    hello(() => ({ maxPayload: 271 })),
    'max_payload of at least MIN_PAYLOAD_LIMIT',
    '271',
  ],
  [
    'says that it takes more than anybody does',
    'payload-limit',
    hello(() => ({ maxPayload: 4097 })),
    'max_payload of at most MAX_PAYLOAD',
    '4097',
  ],
  [
    'does not take 272 bytes',
    'payload-limit',
    doesNotTake(272),
    'an answer to HELLO, seq 9 within 50 ms',
    'nothing',
  ],
  [
    'does not take 527 bytes',
    'payload-limit',
    doesNotTake(527),
    'an answer to HELLO, seq 12 within 50 ms',
    'nothing',
  ],
  [
    'does not take 528 bytes',
    'payload-limit',
    doesNotTake(528),
    'an answer to HELLO, seq 15 within 50 ms',
    'nothing',
  ],
  [
    'refuses what is long',
    'payload-limit',
    answers(Command.HELLO, (payload, frame) =>
      frame.payload.length === 528 && frame.payload[100] === 0xff
        ? refusal(Status.BAD_REQUEST, 528)
        : payload,
    ),
    'HELLO answered with hello_response of 228 bytes',
    'BAD_REQUEST (4110020000)',
  ],
  [
    'answers for another address',
    'other-address',
    (device) => {
      device.accepts = ({ type, address }) => type < RESPONSE_BIT && address < 255;
    },
    'no answer to HELLO to addresses other than 17 and 0, then an answer to HELLO, seq 26 within 50 ms',
    'an answer of HELLO (0001020005010000), seq 10 to address 1',
  ],
  [
    'begins for another address',
    'other-address',
    (device) => {
      const accepts = device.accepts.bind(device);
      device.accepts = (frame) => accepts(frame) || (frame.address === 2 && frame.type === 4);
    },
    'no answer to BEGIN to address 2, then an answer to HELLO, seq 26 within 50 ms',
    'an answer of BEGIN (00000000), seq 25 to address 2',
  ],
  [
    'does not answer to 0 any more',
    'other-address',
    deafTo(0),
    'no answer to HELLO to addresses other than 17 and 0, then an answer to HELLO, seq 230 within 50 ms',
    'nothing',
  ],
  [
    'does not answer to 17 any more',
    'other-address',
    deafTo(17),
    'an answer to HELLO, seq 27 to address 17 within 50 ms',
    'nothing',
  ],
  [
    'answers only to its own address once it was asked by it',
    'other-address',
    (device) => {
      let asked = false;
      device.accepts = ({ address, type }) => {
        asked ||= address === 17;
        return type < RESPONSE_BIT && (asked ? address === 17 : address === 0);
      };
    },
    'an answer to HELLO, seq 28 within 50 ms',
    'nothing',
  ],
  [
    'takes answers for requests',
    'other-address',
    receives((bytes) => {
      const [frame] = new FrameDecoder().push(bytes);
      if (frame?.kind !== 'frame' || frame.frame.type !== 0xff) return [bytes];
      return [encodeFrame({ ...frame.frame, type: 0x7f })];
    }),
    'no answer to a frame with bit 7 of its type set, then an answer to HELLO, seq 164 within 50 ms',
    'an answer of 0x7f (4000000000), seq 156',
  ],
  [
    'takes an answer for BEGIN',
    'other-address',
    receives((bytes) => {
      const [frame] = new FrameDecoder().push(bytes);
      if (frame?.kind !== 'frame' || frame.frame.type !== 0x84 || bytes.length < 200)
        return [bytes];
      return [encodeFrame({ ...frame.frame, type: Command.BEGIN })];
    }),
    'no answer to a response to BEGIN, then an answer to HELLO, seq 166 within 50 ms',
    'an answer of BEGIN (00000000), seq 165',
  ],
  [
    'writes its record for an answer',
    'other-address',
    forgets((bytes) => bytes.length > 200 && framesIn(bytes)[0]?.type === 0x84),
    'record 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '99:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'writes its record for somebody else',
    'other-address',
    forgets((bytes) => framesIn(bytes)[0]?.address === 2 && bytes.length > 200),
    'record 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '99:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'answers type 0 to all',
    'broadcast',
    answersToAll(0),
    'no answer to type 0 to address 255, then an answer to HELLO, seq 11 within 50 ms',
    'an answer of 0x0 (00), seq 0',
  ],
  [
    'answers type 0x20 to all',
    'broadcast',
    answersToAll(0x20),
    'no answer to type 32 to address 255, then an answer to HELLO, seq 69 within 50 ms',
    'an answer of 0x20 (00), seq 0',
  ],
  [
    'answers BEGIN to all',
    'broadcast',
    answersToAll(Command.BEGIN),
    'no answer to type 4 to address 255, then an answer to HELLO, seq 19 within 50 ms',
    'an answer of BEGIN (00), seq 0',
  ],
  [
    'answers END to all',
    'broadcast',
    answersToAll(Command.END),
    'no answer to type 6 to address 255, then an answer to HELLO, seq 23 within 50 ms',
    'an answer of END (00), seq 0',
  ],
  [
    'changes its rate for all',
    'broadcast',
    (device) => {
      const accepts = device.accepts.bind(device);
      device.accepts = (frame) =>
        accepts(frame) || (frame.address === ADDRESS_BROADCAST && frame.type === Command.BAUD);
    },
    'no answer to type 2 to address 255, then an answer to HELLO, seq 15 within 50 ms',
    'nothing',
  ],
  [
    'writes its record for all',
    'broadcast',
    forgets((bytes) => framesIn(bytes)[0]?.address === ADDRESS_BROADCAST),
    'record after type 0 to address 255: 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '99:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'answers ENTER to all, which it acts on',
    'broadcast',
    actsAndAnswers(Command.ENTER),
    'no answer to ENTER to address 255, then an answer to HELLO, seq 5 within 50 ms',
    'an answer of ENTER (00), seq 0',
  ],
  [
    'answers ABORT to all, which it acts on',
    'broadcast',
    actsAndAnswers(Command.ABORT),
    'no answer to ABORT to address 255, then an answer to HELLO, seq 8 within 50 ms',
    'an answer of ABORT (00), seq 0',
  ],
  [
    'keeps its session after ABORT to all',
    'broadcast',
    hears((frame) => (frame.address === ADDRESS_BROADCAST ? undefined : frame)),
    'DATA with 3 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'has something pending after ABORT to all',
    'broadcast',
    (device) => {
      let aborted = false;
      upon(({ address, type }) => {
        aborted ||= address === ADDRESS_BROADCAST && type === Command.ABORT;
      })(device);
      hello(({ pending }) => (aborted ? { pending: { ...pending, state: 1 } } : {}))(device);
    },
    'state of the pending image after ABORT to address 255 0',
    '1',
  ],
  [
    'takes HELLO with 3 bytes',
    'short-requests',
    takesShort(Command.HELLO, 3),
    'HELLO with 3 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes BAUD with 0 bytes',
    'short-requests',
    takesShort(Command.BAUD, 0),
    'BAUD with 0 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes PAGES with 1 bytes',
    'short-requests',
    takesShort(Command.PAGES, 1),
    'PAGES with 1 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes BEGIN with 128 bytes',
    'short-requests',
    takesShort(Command.BEGIN, 128),
    'BEGIN with 128 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes BEGIN with 256 bytes',
    'short-requests',
    takesShort(Command.BEGIN, 256),
    'BEGIN with 256 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes DATA with 2 bytes',
    'short-requests',
    takesShort(Command.DATA, 2),
    'DATA with 2 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'takes END with 1 bytes',
    'short-requests',
    takesShort(Command.END, 1),
    'END with 1 bytes refused with BAD_REQUEST and a detail',
    'OK (0000000000)',
  ],
  [
    'refuses without a detail',
    'short-requests',
    answers(Command.END, (payload) => payload.slice(0, 4)),
    'END with 0 bytes refused with BAD_REQUEST and a detail',
    'BAD_REQUEST (41000000)',
  ],
  [
    'takes type 0 for a command',
    'short-requests',
    takesForCommand(0),
    '0x0 with 20 bytes refused with UNKNOWN_COMMAND and a detail',
    'OK (00)',
  ],
  [
    'takes type 10 for a command',
    'short-requests',
    takesForCommand(10),
    '0xa with 20 bytes refused with UNKNOWN_COMMAND and a detail',
    'OK (00)',
  ],
  [
    'takes type 127 for a command',
    'short-requests',
    takesForCommand(127),
    '0x7f with 20 bytes refused with UNKNOWN_COMMAND and a detail',
    'OK (00)',
  ],
  [
    'writes its record for a short request',
    'short-requests',
    forgets((bytes) => framesIn(bytes)[0]?.type === 0x7f),
    'record 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '99:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'refuses HELLO with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.HELLO),
    'type 1 with 15 bytes: OK',
    'BAD_REQUEST',
  ],
  [
    'refuses ENTER with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.ENTER),
    'type 9 with 11 bytes: OK',
    'BAD_REQUEST',
  ],
  [
    'refuses ABORT with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.ABORT),
    'type 8 with 11 bytes: OK',
    'BAD_REQUEST',
  ],
  [
    'refuses BEGIN with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.BEGIN),
    'type 4 with 268 bytes: OK',
    'BAD_REQUEST',
  ],
  [
    'refuses PAGES with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.PAGES),
    'type 3 with 15 bytes: OK',
    'BAD_REQUEST',
  ],
  [
    'refuses END with more bytes than it knows',
    'long-requests',
    refusesLonger(Command.END),
    'END with frames missing and more bytes: GAP',
    'BAD_REQUEST',
  ],
  [
    'goes on by a longer PAGES',
    'long-requests',
    upon(({ type }, { update: { session } }) => {
      if (type === Command.PAGES && session) session.next = 1;
    }),
    'next 0',
    '1',
  ],
  [
    'forgets its session over a longer END',
    'long-requests',
    upon(({ type }, { update }) => {
      if (type === Command.END) update.abort();
    }),
    'BEGIN again answered with begun 1',
    '0',
  ],
  [
    'answers a longer END with OK',
    'long-requests',
    answers(Command.END, () => new Uint8Array(7)),
    'END with frames missing and more bytes: GAP',
    'OK',
  ],
  [
    'says STARTED where it goes on',
    'long-requests',
    says(Command.BEGIN, BeginResponse, () => ({ begun: Begun.STARTED })),
    'BEGIN again answered with begun 1',
    '0',
  ],
];

test.each(WRONG)('a device that %s', (...wrong) => expectFail(wrong));
