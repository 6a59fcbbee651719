// Devices that are wrong about starting, power, signatures and half-duplex pairs, each in one way: the check that must fail, and
// what it says.
import { test } from 'vitest';
import {
  ADDRESS_BROADCAST,
  BeginResponse,
  Capability,
  Command,
  decode,
  EndResponse,
  encodeFrame,
  Header,
  HelloFlag,
  HelloResponse,
  ImageState,
  KeyRole,
  Mode,
  SecurityFlag,
  Status,
  Stay,
} from '../../protocol/index.js';
import { ONE_KEY, type Specimen } from '../support/specimen.js';
import { sign } from '../support/specimen-bench.js';
import {
  all,
  answers,
  expectFail,
  type Fault,
  hears,
  hello,
  says,
  upon,
  type Wrong,
} from '../support/specimen-faults.js';
import { refusal } from '../support/specimen-update.js';

/** Something is different after each reset. */
function afterReset(change: (device: Specimen, count: number) => void): Fault {
  return (device) => {
    const reset = device.reset.bind(device);
    let count = 0;
    device.reset = () => {
      reset();
      change(device, ++count);
    };
  };
}

function starts(start: (device: Specimen, right: () => void) => void): Fault {
  return (device) => {
    const right = device.start.bind(device);
    device.start = () => start(device, right);
  };
}

/** Nothing is there when power comes back. */
const dead: Fault = (device) => {
  device.powerOn = () => {};
};

/** HELLO after power came back */
function afterPower(change: (info: HelloResponse) => Partial<HelloResponse>): Fault {
  return (device) => {
    const on = device.powerOn.bind(device);
    let back = false;
    device.powerOn = () => {
      on();
      back = true;
    };
    hello((info) => (back ? change(info) : {}))(device);
  };
}

const WRONG: readonly Wrong[] = [
  [
    'starts what is unfinished',
    'boot',
    answers(Command.BOOT, () => Uint8Array.of(Status.OK)),
    'BOOT with 0 bytes refused with NOT_BOOTABLE and a detail',
    'OK (00)',
  ],
  [
    'does not start what is good',
    'boot',
    answers(Command.BOOT, (payload) =>
      payload[0] === Status.OK ? refusal(Status.NOT_BOOTABLE, 1) : payload,
    ),
    'BOOT: OK',
    'NOT_BOOTABLE',
  ],
  [
    'answers BOOT and stays',
    'boot',
    starts(() => {}),
    'the test image started, which is silent',
    'answers for 4000 ms, of the bootloader or of another application',
  ],
  [
    'does not come back from the application',
    'boot',
    (device) => {
      device.silenceMs = 1e7;
    },
    'the device back after the test image reset it',
    'nothing for 4000 ms',
  ],
  [
    'listens before it starts what it was told to',
    'boot',
    starts((device, right) => void device.clock.after(100, right)),
    "no answers later than 60 ms after BOOT's (no listening window)",
    'answers for 100 ms',
  ],
  [
    'stays for another reason than the host',
    'boot',
    (device) => {
      const hold = device.hold.bind(device);
      device.hold = (why) => hold(why === Stay.HOST ? Stay.BUTTON : why);
    },
    'stay after the reset HOST',
    'BUTTON',
  ],
  [
    'enters the application with something left on',
    'entry',
    (device) => {
      device.silenceMs = 30;
    },
    'a silence of at least 60 ms (stack pointer, SVC through its own vectors, no interrupt, no tick)',
    '30 ms',
  ],
  [
    'ends in a fault',
    'entry',
    upon(({ type }, device) => {
      if (type === Command.HELLO && device.held && device.log.includes('BOOT'))
        device.stay = Stay.FAULT;
    }),
    'no fault',
    'stay FAULT',
  ],
  [
    'finds a fault after a jump',
    'jump',
    upon(({ type }, device) => {
      if (type === Command.HELLO && device.log.includes('BOOT')) device.stay = Stay.FAULT;
    }),
    'stay after the jump HOST',
    'FAULT',
  ],
  [
    'does not come back from a jump',
    'jump',
    starts((device, right) => {
      right();
      device.alive = false;
    }),
    'the device back after the test image reset it',
    'nothing for 4000 ms',
  ],
  [
    'answers BOOT to all',
    'broadcast-boot',
    upon(({ type, address }, device) => {
      const bytes = { address, type: type + 128, seq: 0, payload: Uint8Array.of(0) };
      if (address === ADDRESS_BROADCAST) device.say(encodeFrame(bytes));
    }),
    'nothing after BOOT to address 255',
    'an answer of BOOT (00), seq 0 to address 255',
  ],
  [
    'does not act on BOOT to all',
    'broadcast-boot',
    (device) => {
      const accepts = device.accepts.bind(device);
      device.accepts = (frame) => frame.address !== ADDRESS_BROADCAST && accepts(frame);
    },
    'the test image started, which is silent',
    'answers for 4000 ms, of the bootloader or of another application',
  ],
  [
    'listens for 60 ms only',
    'listening-window',
    (device) => {
      device.listenMs = 60;
    },
    'answers for at least 100 ms after a reset',
    '65 ms at most',
  ],
  [
    'listens for a short time after the second reset',
    'listening-window',
    afterReset((device) => {
      device.listenMs = device.log.length > 30 ? 50 : 100;
    }),
    'answers for at least 100 ms after a reset',
    '55 ms at most',
  ],
  [
    'is not held in its window',
    'listening-window',
    (device) => {
      const hold = device.hold.bind(device);
      device.hold = (why) => {
        hold(why);
        if (device.log.filter((name) => name === 'BOOT').length === 0) return;
        device.silenceMs = 5000;
        device.clock.after(300, () => device.start());
      };
    },
    'an answer to HELLO, seq 154 within 50 ms',
    'nothing',
  ],
  [
    'listens for a short time when power comes back',
    'listening-window',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        device.listenMs = 50;
        on();
      };
    },
    'answers for at least 100 ms after power came back',
    '50 ms at most',
  ],
  [
    'is dead when power comes back',
    'listening-window',
    dead,
    'answers after power came back',
    'none',
  ],
  [
    'never leaves',
    'idle',
    (device) => {
      device.counts = () => false;
    },
    'gone 5000 ms after the last frame that counts',
    'still there',
  ],
  [
    'leaves too soon',
    'idle',
    all(
      hello(() => ({ holdMs: 6000 })),
      () => {},
    ),
    'gone 6000 ms after the last frame that counts',
    '5654 ms',
  ],
  [
    'leaves too late',
    'idle',
    hello(() => ({ holdMs: 3000 })),
    'gone 3000 ms after the last frame that counts',
    'still there',
  ],
  [
    'is held by HELLO alone',
    'idle',
    (device) => {
      device.counts = ({ type, payload }) =>
        type === Command.HELLO && (payload[2] ?? 0) === HelloFlag.HOLD;
    },
    'gone 5000 ms after the last frame that counts',
    '4650 ms',
  ],
  [
    'is held by any HELLO',
    'hello-does-not-hold',
    (device) => {
      device.counts = () => true;
    },
    'gone in spite of HELLO without HOLD 5000 ms after the last frame that counts',
    'still there',
  ],
  [
    'leaves too soon between HELLOs',
    'hello-does-not-hold',
    hello(() => ({ holdMs: 6000 })),
    'an answer to HELLO, seq 19 within 50 ms',
    'nothing',
  ],
  [
    'never uses its trials up',
    'trials',
    ({ update }) => {
      update.mostTrials = 1e6;
      update.countTrial = () => {};
    },
    'stay TRIALS_USED after at most 6 starts',
    'NONE',
  ],
  [
    'is silent after BOOT',
    'trials',
    starts((device) => {
      device.alive = false;
    }),
    'stay TRIALS_USED after at most 6 starts',
    'no answer',
  ],
  [
    'counts seven trials',
    'trials',
    ({ update }) => {
      update.mostTrials = 7;
    },
    '1 to 6 trial boots counted',
    '7',
  ],
  [
    'counts every second trial',
    'trials',
    ({ update }) => {
      const count = update.countTrial.bind(update);
      let starts = 0;
      update.countTrial = () => {
        if (starts++ % 2 === 0) count();
      };
    },
    'as many starts as trial boots',
    '5 starts, 3 counted',
  ],
  [
    'counts no trial and says that all are used',
    'trials',
    hello(({ installed }) => ({ installed: { ...installed, trials: 0 } })),
    '1 to 6 trial boots counted',
    '0',
  ],
  [
    'does not show that its trials are used',
    'trials',
    hello(({ installed }) => ({
      installed: { ...installed, state: installed.state & ~ImageState.TRIALS_USED },
    })),
    'TRIALS_USED in the state',
    'state 55',
  ],
  [
    'stays for two seconds only',
    'trials',
    (device) => {
      device.trialsMs = 2000;
      starts((_, right) => {
        if (device.stay === Stay.TRIALS_USED) device.stay = Stay.NONE;
        else right();
      })(device);
    },
    'stay three seconds later TRIALS_USED',
    'NONE',
  ],
  [
    'is dead when power comes back',
    'power-cut',
    dead,
    'an answer to HELLO from the bootloader',
    'nothing within 6000 ms',
  ],
  [
    'has neither image whole after power was cut',
    'power-cut',
    afterPower(({ installed }) => ({ installed: { ...installed, state: 1 } })),
    'the old image whole, or the new one unfinished',
    'state 1',
  ],
  [
    'has an image that is VALID and not good after power was cut',
    'power-cut',
    afterPower(({ installed }) => ({ installed: { ...installed, state: 15 } })),
    'the old image whole, or the new one unfinished',
    'state 15',
  ],
  [
    'goes on in the middle after power was cut',
    'power-cut',
    (device) => {
      let back = false;
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        on();
        back = true;
      };
      says(Command.BEGIN, BeginResponse, () => (back ? { next: 2 } : {}))(device);
    },
    'next after a cut 0',
    '2',
  ],
  [
    'does not verify an image after power was cut',
    'power-cut',
    says(Command.END, EndResponse, (_, __, count) =>
      count === 2 ? { status: Status.VERIFY_FAILED, detail: 3 } : {},
    ),
    'END after a cut: OK',
    'VERIFY_FAILED, detail 0x3',
  ],
  [
    'does not show the new image after power was cut',
    'power-cut',
    (device) => {
      let ends = 0;
      upon(({ type }) => {
        if (type === Command.END) ends++;
      })(device);
      hello(({ installed }) =>
        ends === 2 ? { installed: { ...installed, sha256: new Uint8Array(32) } } : {},
      )(device);
    },
    'the new image installed',
    'state 55',
  ],
  [
    'starts an unfinished image after power was cut',
    'unfinished',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        on();
        device.clock.after(150, () => device.start());
        device.silenceMs = 1e7;
      };
    },
    'an answer to HELLO, seq 16 within 50 ms',
    'nothing',
  ],
  [
    'says that it stays for nothing after power was cut',
    'unfinished',
    afterPower(() => ({ stay: Stay.NONE })),
    'stay 6',
    '0',
  ],
];

test.each(WRONG)('a device that %s, for %s', (...wrong) => expectFail(wrong));

/** Takes headers that no key has signed, where `wrong` says so */
function takesHeader(wrong: (header: Header) => boolean): Fault {
  return ({ update }) => {
    const right = update.genuine;
    update.genuine = (header) => right?.(header) === true || wrong(decode(Header, header));
  };
}

const bit = (bytes: Uint8Array, at: number): boolean =>
  ((bytes[at >> 3] ?? 0) >> (at & 7)) % 2 === 1;

const SIGNED: readonly Wrong[] = [
  [
    'takes unsigned images',
    'signed-refused',
    takesHeader((header) => header.signatureAlgorithm === 0),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'takes unsigned images without a signature',
    'signed-refused',
    takesHeader(
      ({ signatureAlgorithm, signature }) => signatureAlgorithm === 0 && signature[0] === 0xff,
    ),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'takes another algorithm',
    'signed-refused',
    takesHeader((header) => header.signatureAlgorithm === 2),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'takes a signature of zeros',
    'signed-refused',
    takesHeader(({ signature }) => signature.every((byte) => byte === 0)),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'takes a key that it does not have',
    'signed-refused',
    takesHeader(({ keyId }) => keyId === 200),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'does not look at the version',
    'signed-refused',
    takesHeader(({ version }) => version.major === 1),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'does not look at what is reserved',
    'signed-refused',
    takesHeader(({ reserved }) => !bit(reserved, 5)),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'does not look at the last bit that is signed',
    'signed-refused',
    takesHeader(({ reserved2 }) => reserved2 === 0x8000),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'refuses unsigned images for another reason',
    'signed-refused',
    ({ update }) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (header) =>
        fault(header)?.[0] === Status.BAD_SIGNATURE ? refusal(Status.BAD_HEADER) : fault(header);
    },
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'BAD_HEADER (5000000000)',
  ],
  [
    'writes its record for what it refuses',
    'signed-refused',
    (device) => {
      let refused = 0;
      answers(Command.BEGIN, (payload) => {
        refused += payload[0] === Status.BAD_SIGNATURE ? 1 : 0;
        return payload;
      })(device);
      hello(({ installed }) => (refused > 0 ? { installed: { ...installed, sequence: 88 } } : {}))(
        device,
      );
    },
    'record after refused BEGINs 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '88:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'gives its session up for what it refuses',
    'signed-refused',
    ({ update }) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (header) => {
        const refused = fault(header);
        if (refused) update.session = undefined;
        return refused;
      };
    },
    'a DATA response',
    'NO_SESSION',
  ],
  [
    'takes in a session what it refuses without one',
    'signed-refused',
    ({ update }) => {
      const right = update.genuine;
      update.genuine = (header) => update.session !== undefined || right?.(header) === true;
    },
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'does not verify an update between what it refuses',
    'signed-refused',
    says(Command.END, EndResponse, () => ({ status: Status.VERIFY_FAILED })),
    'END of an update between refused ones: OK',
    'VERIFY_FAILED',
  ],
  [
    'refuses what it refused, signed',
    'signed-refused',
    ({ update }) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (header) =>
        decode(Header, header).version.build === 42 ? refusal(Status.BAD_SIGNATURE) : fault(header);
    },
    'BEGIN answered with begin_response of 4 bytes',
    'BAD_SIGNATURE (5800000000)',
  ],
  [
    'answers PAGES without a session',
    'signed-pages',
    ({ update }) => {
      const pages = update.pages.bind(update);
      update.pages = (payload) => (update.session ? pages(payload) : new Uint8Array(9));
    },
    'PAGES with 4 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'answers PAGES once a session has ended',
    'signed-pages',
    ({ update }) => {
      const pages = update.pages.bind(update);
      let asked = 0;
      update.pages = (payload) => (++asked > 2 ? new Uint8Array(9) : pages(payload));
    },
    'PAGES with 4 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'does not answer PAGES',
    'signed-pages',
    answers(Command.PAGES, () => refusal(Status.NO_SESSION)),
    'PAGES answered with pages_response of 5 bytes',
    'NO_SESSION (4200000000)',
  ],
  [
    'does not tell keys and counter',
    'signed-hello',
    (device) => {
      device.security = undefined;
    },
    'HELLO with the structure security',
    '228 bytes',
  ],
  [
    'tells less than keys and counter',
    'signed-hello',
    answers(Command.HELLO, (payload) => payload.slice(0, HelloResponse.size + 43)),
    'HELLO with the structure security',
    '271 bytes',
  ],
  [
    'says that it takes unsigned images too',
    'signed-hello',
    (device) => {
      device.security = { ...ONE_KEY, flags: SecurityFlag.KEYS };
    },
    'SIGNED_ONLY in its flags',
    '2',
  ],
  [
    'says that it has no keys',
    'signed-hello',
    (device) => {
      device.security = { ...ONE_KEY, flags: SecurityFlag.SIGNED_ONLY };
    },
    'KEYS in its flags',
    '1',
  ],
  [
    'says other usable keys than its image',
    'signed-hello',
    (device) => {
      device.security = { ...ONE_KEY, usableKeys: 0xfe };
    },
    'its usable keys 255',
    '254',
  ],
  [
    'says another counter than its image',
    'signed-hello',
    ({ update }) => {
      const validate = update.validate.bind(update);
      update.validate = (session) => {
        validate(session);
        update.floor = 3;
      };
    },
    'its security counter 0',
    '3',
  ],
  [
    'does not know the key that signs',
    'signed-hello',
    (device) => {
      device.security = { ...ONE_KEY, key1: { ...ONE_KEY.key1, role: KeyRole.NONE } };
    },
    'a role of the key that signs',
    'NONE',
  ],
  [
    'answers PAGES when power was cut',
    'next-means-flash',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        on();
        device.update.pages = () => new Uint8Array(9);
      };
    },
    'PAGES with 4 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
];

test.each(SIGNED)('a device of signed images that %s', (...wrong) =>
  expectFail(wrong, {
    info: { capabilities: Capability.BAUD | Capability.SIGNATURE },
    options: { sign },
  }),
);

const ON_A_PAIR: readonly Wrong[] = [
  [
    'refuses HELLO at times',
    'half-duplex',
    answers(Command.HELLO, (payload, _, count) =>
      count === 20 ? refusal(Status.IN_APP) : payload,
    ),
    'HELLO answered with hello_response of 228 bytes',
    'IN_APP (4300000000)',
  ],
  [
    'knows type 0x7f',
    'half-duplex',
    answers(0x7f, () => Uint8Array.of(Status.OK)),
    '0x7f with 0 bytes refused with UNKNOWN_COMMAND and a detail',
    'OK (00)',
  ],
  [
    'refuses ENTER',
    'half-duplex',
    answers(Command.ENTER, () => refusal(Status.NOT_NOW)),
    'ENTER answered with enter_response of 1 bytes',
    'NOT_NOW (4400000000)',
  ],
  [
    'takes DATA without a session',
    'half-duplex',
    answers(Command.DATA, () => new Uint8Array(9)),
    'DATA with 3 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'answers the first of two requests',
    'half-duplex',
    (device) => {
      device.leftOut = ({ seq, address, type }) =>
        device.say(encodeFrame({ seq, address, type: type + 128, payload: refusal(0x40) }));
    },
    'an answer to 0x7f, seq 89 within 50 ms',
    'an answer of 0x7f (4000000000), seq 88',
  ],
  [
    'does not answer what comes behind another request',
    'half-duplex',
    hears((frame) => (frame.payload.length === 240 ? undefined : frame)),
    'an answer to 0x7f, seq 89 within 50 ms',
    'nothing',
  ],
  [
    'answers late',
    'half-duplex',
    (device) => {
      device.leftOut = ({ seq, address, type, payload }) => {
        if (payload.length > 0 || device.log.filter((name) => name === '127').length < 23) return;
        device.say(encodeFrame({ seq, address, type: type + 128, payload: refusal(0x40) }));
      };
    },
    'nothing behind a request and 100 ms of noise',
    'an answer of 0x7f (4000000000), seq 90',
  ],
  [
    'does not answer after noise',
    'half-duplex',
    (device) => {
      device.leftOut = () => {
        if (device.log.filter((name) => name === '127').length >= 23) device.alive = false;
      };
    },
    'an answer to HELLO, seq 91 within 50 ms',
    'nothing',
  ],
  [
    'is in its application',
    'half-duplex',
    (device) => {
      device.leftOut = () => {
        device.mode = Mode.APP;
      };
    },
    'an answer to HELLO, seq 91 within 50 ms',
    'nothing',
  ],
];

test.each(ON_A_PAIR)('a device on a pair that %s', (...wrong) =>
  expectFail(wrong, { info: { capabilities: Capability.BAUD | Capability.HALF_DUPLEX } }),
);
