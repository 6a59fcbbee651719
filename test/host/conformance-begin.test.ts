// Devices that are wrong about BEGIN, ABORT, END and the security counter, each in one way: the check that must fail, and what it
// says.
import { test } from 'vitest';
import { sameBytes } from '../../host/base/bytes.js';
import {
  BeginRequest,
  BeginResponse,
  Begun,
  Check,
  Command,
  DataResponse,
  decode,
  EndResponse,
  encode,
  Header,
  type HelloResponse,
  ImageState,
  Status,
} from '../../protocol/index.js';
import {
  all,
  answers,
  expectFail,
  type Fault,
  hello,
  says,
  update,
  type Wrong,
} from '../support/specimen-faults.js';
import { refusal, type SpecimenUpdate } from '../support/specimen-update.js';

const { PRESENT, TOUCHED, VALID, GOOD, CONFIRMED } = ImageState;

/** Does not look at a header with this in it; what is wrong besides is refused all the same. */
function overlooks(
  status: number,
  wrong: (header: Header, update: SpecimenUpdate) => boolean,
): Fault {
  return update((update) => {
    const fault = update.headerFault.bind(update);
    update.headerFault = (bytes) => {
      const refused = fault(bytes);
      const blind = refused?.[0] === status && wrong(decode(Header, bytes), update);
      return blind ? undefined : refused;
    };
  });
}

/** Looks at one thing before it looks at another: where both are wrong, the wrong one is told. */
function looksFirst(at: number, before: number): Fault {
  return update((update) => {
    const fault = update.headerFault.bind(update);
    update.headerFault = (bytes) => {
      const refused = fault(bytes);
      if (refused?.[0] !== before) return refused;
      const unit = before === Status.WRONG_DEVICE ? { uniqueId: new Uint8Array(12) } : {};
      const mended = { ...decode(Header, bytes), product: update.info.product, ...unit };
      const other = fault(encode(Header, mended));
      return other?.[0] === at ? other : refused;
    };
  });
}

function tellsDetail(status: number, detail: number): Fault {
  return update((update) => {
    const fault = update.headerFault.bind(update);
    update.headerFault = (bytes) => {
      const refused = fault(bytes);
      return refused?.[0] === status ? refusal(status, detail) : refused;
    };
  });
}

/** What HELLO says of the installed image, from some answer on */
function later(
  type: number,
  when: (count: number, payload: Uint8Array) => boolean,
  change: (info: HelloResponse) => Partial<HelloResponse>,
): Fault {
  let from = false;
  return all(
    answers(type, (payload, _, count) => {
      from ||= when(count, payload);
      return payload;
    }),
    hello((info) => (from ? change(info) : {})),
  );
}

const newer = ({ installed }: HelloResponse): Partial<HelloResponse> => ({
  installed: { ...installed, sequence: installed.sequence + 40 },
});

function installed(
  state: (state: number) => number,
): (info: HelloResponse) => Partial<HelloResponse> {
  return (info) => ({ installed: { ...info.installed, state: state(info.installed.state) } });
}

/** The answers to BEGIN, by their number in the run */
function begunAs(numbers: readonly number[], begun: number): Fault {
  return says(Command.BEGIN, BeginResponse, (_, __, count) =>
    numbers.includes(count) ? { begun } : {},
  );
}

/** END that finds fewer faults than there are */
function blindTo(bit: number): Fault {
  return update((update) => {
    const faults = update.faults.bind(update);
    update.faults = (header) => faults(header) & ~bit;
  });
}

/** … but for those of one kind of image */
function takesVectors(wrong: (stack: number, reset: number) => boolean): Fault {
  return update((update) => {
    const faults = update.faults.bind(update);
    update.faults = (header) => {
      const view = new DataView(update.flash.buffer);
      const right = wrong(view.getUint32(0, true), view.getUint32(4, true));
      return faults(header) & ~(right ? Check.VECTORS : 0);
    };
  });
}

const BASE = 0x0800_8000;

const WRONG: readonly Wrong[] = [
  [
    'does not look at the magic',
    'begin-refused',
    overlooks(Status.BAD_HEADER, ({ magic }) => magic === 0),
    'BEGIN with 257 bytes refused with BAD_HEADER and a detail',
    'OK (00000000)',
  ],
  [
    'does not look at the format',
    'begin-refused',
    overlooks(Status.BAD_HEADER, ({ format }) => format === 2),
    'BEGIN with 257 bytes refused with BAD_HEADER and a detail',
    'OK (00000000)',
  ],
  [
    "does not look at the header's size",
    'begin-refused',
    overlooks(Status.BAD_HEADER, ({ headerSize }) => headerSize === 255),
    'BEGIN with 257 bytes refused with BAD_HEADER and a detail',
    'OK (00000000)',
  ],
  [
    'takes another product',
    'begin-refused',
    overlooks(Status.WRONG_PRODUCT, () => true),
    'BEGIN with 257 bytes refused with WRONG_PRODUCT and a detail',
    'OK (00000000)',
  ],
  [
    'takes plain images although it says otherwise',
    'begin-refused',
    overlooks(Status.PACKAGE_ONLY, () => true),
    'BEGIN with 257 bytes refused with PACKAGE_ONLY and a detail',
    'OK (00000000)',
  ],
  [
    'takes images for later hardware',
    'begin-refused',
    overlooks(Status.WRONG_HARDWARE, () => true),
    'BEGIN with 257 bytes refused with WRONG_HARDWARE and a detail',
    'OK (00000000)',
  ],
  [
    'takes images for another unit',
    'begin-refused',
    overlooks(Status.WRONG_DEVICE, () => true),
    'BEGIN with 257 bytes refused with WRONG_DEVICE and a detail',
    'OK (00000000)',
  ],
  [
    'takes images for a higher address',
    'begin-refused',
    overlooks(Status.WRONG_ADDRESS, ({ loadAddress }) => loadAddress > BASE),
    'BEGIN with 257 bytes refused with WRONG_ADDRESS and a detail',
    'OK (00000000)',
  ],
  [
    'takes images for a lower address',
    'begin-refused',
    overlooks(Status.WRONG_ADDRESS, ({ loadAddress }) => loadAddress < BASE),
    'BEGIN with 257 bytes refused with WRONG_ADDRESS and a detail',
    'OK (00000000)',
  ],
  [
    'takes an empty image',
    'begin-refused',
    overlooks(Status.WRONG_SIZE, ({ imageSize }) => imageSize === 0),
    'BEGIN with 257 bytes refused with WRONG_SIZE and a detail',
    'OK (00000000)',
  ],
  [
    'takes an image without two vectors',
    'begin-refused',
    overlooks(Status.WRONG_SIZE, ({ imageSize }) => imageSize === 7),
    'BEGIN with 257 bytes refused with WRONG_SIZE and a detail',
    'OK (00000000)',
  ],
  [
    'takes an image one byte too long',
    'begin-refused',
    overlooks(Status.WRONG_SIZE, ({ imageSize }) => imageSize === 160 * 256 + 1),
    'BEGIN with 257 bytes refused with WRONG_SIZE and a detail',
    'OK (00000000)',
  ],
  [
    'takes the longest image',
    'begin-refused',
    overlooks(Status.WRONG_SIZE, ({ imageSize }) => imageSize > 1e9),
    'BEGIN with 257 bytes refused with WRONG_SIZE and a detail',
    'OK (00000000)',
  ],
  [
    'takes flags that it does not know',
    'begin-refused',
    overlooks(Status.NOT_CAPABLE, ({ flags }) => flags !== 0),
    'BEGIN with 257 bytes refused with NOT_CAPABLE and a detail',
    'OK (00000000)',
  ],
  [
    'takes capabilities that it does not have',
    'begin-refused',
    overlooks(Status.NOT_CAPABLE, ({ flags }) => flags === 0),
    'BEGIN with 257 bytes refused with NOT_CAPABLE and a detail',
    'OK (00000000)',
  ],
  [
    'takes signed images without a key',
    'begin-refused',
    overlooks(Status.BAD_SIGNATURE, () => true),
    'BEGIN with 257 bytes refused with BAD_SIGNATURE and a detail',
    'OK (00000000)',
  ],
  [
    'says another offset of what is wrong in a header',
    'begin-refused',
    tellsDetail(Status.BAD_HEADER, 99),
    'detail of BAD_HEADER 0',
    '99',
  ],
  [
    'says another hardware in its refusal',
    'begin-refused',
    tellsDetail(Status.WRONG_HARDWARE, 99),
    'detail of WRONG_HARDWARE 3',
    '99',
  ],
  [
    'says another address in its refusal',
    'begin-refused',
    tellsDetail(Status.WRONG_ADDRESS, 99),
    'detail of WRONG_ADDRESS 134250496',
    '99',
  ],
  [
    'says another size in its refusal',
    'begin-refused',
    tellsDetail(Status.WRONG_SIZE, 99),
    'detail of WRONG_SIZE 40960',
    '99',
  ],
  [
    'says other bits that it lacks',
    'begin-refused',
    tellsDetail(Status.NOT_CAPABLE, 1),
    'detail of NOT_CAPABLE 2147483648',
    '1',
  ],
  [
    'looks at the unit before the product',
    'begin-refused',
    looksFirst(Status.WRONG_DEVICE, Status.WRONG_PRODUCT),
    'BEGIN with 257 bytes refused with WRONG_PRODUCT and a detail',
    'WRONG_DEVICE (5300000000)',
  ],
  [
    'looks at the size before the unit',
    'begin-refused',
    looksFirst(Status.WRONG_SIZE, Status.WRONG_DEVICE),
    'BEGIN with 257 bytes refused with WRONG_DEVICE and a detail',
    'WRONG_SIZE (5500a00000)',
  ],
  [
    'writes its record for a header that it refuses',
    'begin-refused',
    later(Command.BEGIN, (count) => count > 20, newer),
    'record after refused BEGINs 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '40:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'gives its session up for a header that it refuses',
    'begin-refused',
    update((update) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (bytes) => {
        const refused = fault(bytes);
        if (refused && update.session?.pages === 1) update.session = undefined;
        return refused;
      };
    }),
    'a DATA response',
    'NO_SESSION',
  ],
  [
    'goes back for a header that it refuses',
    'begin-refused',
    update((update) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (bytes) => {
        const refused = fault(bytes);
        if (refused && update.session?.pages === 1) update.session.next = 0;
        return refused;
      };
    }),
    'next after refused BEGINs 1',
    '0',
  ],
  [
    'takes an image only if it leaves a byte',
    'begin-refused',
    update((update) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (bytes) =>
        decode(Header, bytes).imageSize === 160 * 256
          ? refusal(Status.WRONG_SIZE, 160 * 256 - 1)
          : fault(bytes);
    }),
    'BEGIN answered with begin_response of 4 bytes',
    'WRONG_SIZE (55ff9f0000)',
  ],
  [
    'goes on with what is new',
    'begin-resumes',
    begunAs([2], Begun.RESUMED),
    'BEGIN of a new image answered with begun 0',
    '1',
  ],
  [
    'does not go on with what was begun',
    'begin-resumes',
    begunAs([3], Begun.STARTED),
    'BEGIN again answered with begun 1',
    '0',
  ],
  [
    'does not go on in mid-update',
    'begin-resumes',
    begunAs([4], Begun.STARTED),
    'BEGIN in mid-update answered with begun 1',
    '0',
  ],
  [
    'does not go on after ABORT',
    'begin-resumes',
    begunAs([6], Begun.STARTED),
    'BEGIN after ABORT answered with begun 1',
    '0',
  ],
  [
    'does not go on behind another one',
    'begin-resumes',
    begunAs([8], Begun.STARTED),
    'BEGIN of an update with pages, after another one was begun, answered with begun 1',
    '0',
  ],
  [
    'says another next where it goes on',
    'begin-resumes',
    says(Command.BEGIN, BeginResponse, ({ begun, next }) => ({
      next: begun === 1 ? next + 1 : next,
    })),
    'BEGIN again answered with next 0',
    '1',
  ],
  [
    'says next 0 in mid-update',
    'begin-resumes',
    says(Command.BEGIN, BeginResponse, () => ({ next: 0 })),
    'BEGIN in mid-update answered with next 1',
    '0',
  ],
  [
    'writes its record for BEGIN',
    'begin-resumes',
    later(Command.BEGIN, (count) => count >= 3, newer),
    'record after BEGIN again 0:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '40:0:0000000000000000000000000000000000000000000000000000000000000000 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'writes an entry for a page that is begun',
    'begin-resumes',
    later(Command.BEGIN, (count) => count >= 6, newer),
    'record entry after BEGINs 1',
    '41',
  ],
  [
    'writes an entry behind another one',
    'begin-resumes',
    later(Command.BEGIN, (count) => count >= 8, newer),
    'BEGIN of an update with pages, after another one was begun, goes on in entry 1',
    '41',
  ],
  [
    'goes on with half a page after BEGIN',
    'begin-resumes',
    update((update) => {
      const begin = update.begin.bind(update);
      update.begin = (payload) => {
        const page = update.session?.page;
        const answer = begin(payload);
        if (update.session && page) update.session.page = page;
        return answer;
      };
    }),
    'bytes where a page head was due: PAGE_REJECTED',
    'OK',
  ],
  [
    'refuses BEGIN',
    'begin-resumes',
    answers(Command.BEGIN, (payload, _, count) =>
      count > 1 ? refusal(Status.RECORD_FAILED) : payload,
    ),
    'BEGIN answered with begin_response of 4 bytes',
    'RECORD_FAILED (5a00000000)',
  ],
  [
    'answers BEGIN with a gap',
    'begin-resumes',
    says(Command.BEGIN, BeginResponse, (_, __, count) => (count > 1 ? { status: Status.GAP } : {})),
    'BEGIN: OK',
    'GAP',
  ],
  [
    'goes on with one of two that are begun in turn',
    'begin-makes-no-entry',
    begunAs([6], Begun.RESUMED),
    'BEGIN of another image answered with begun 0',
    '1',
  ],
  [
    'writes its record for two in turn',
    'begin-makes-no-entry',
    later(Command.BEGIN, (count) => count === 9, newer),
    'record after BEGINs in turn 1:7:e2e5e6653af21a0eefad70d6fbbc5c2b3f027e4dfb2eb8e16377ae6a12c52d80 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '41:7:e2e5e6653af21a0eefad70d6fbbc5c2b3f027e4dfb2eb8e16377ae6a12c52d80 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'makes more than an entry with a page',
    'begin-makes-no-entry',
    update((update) => {
      const entry = update.entry.bind(update);
      update.entry = (header) => {
        entry(header);
        return entry(header);
      };
    }),
    'record entry of the first page 3',
    '4',
  ],
  [
    'installs what is installed',
    'same-image',
    says(Command.BEGIN, BeginResponse, ({ begun }) => ({ begun: begun === 2 ? 0 : begun })),
    'BEGIN of the installed image answered with begun 2',
    '0',
  ],
  [
    'opens a session for what is installed',
    'same-image',
    update((update) => {
      const begin = update.begin.bind(update);
      update.begin = (payload) => {
        const answer = begin(payload);
        if (answer[1] === Begun.INSTALLED) update.open(decode(BeginRequest, payload).header);
        return answer;
      };
    }),
    'DATA with 3 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'writes its record for what is installed',
    'same-image',
    later(Command.BEGIN, (_, payload) => payload[1] === 2, newer),
    'record 1:7:e2e5e6653af21a0eefad70d6fbbc5c2b3f027e4dfb2eb8e16377ae6a12c52d80 0:0:0000000000000000000000000000000000000000000000000000000000000000',
    '41:7:e2e5e6653af21a0eefad70d6fbbc5c2b3f027e4dfb2eb8e16377ae6a12c52d80 0:0:0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    'does not know RENEW',
    'same-image',
    update((update) => {
      const begin = update.begin.bind(update);
      update.begin = (payload) => begin(payload.fill(0, 0, 1));
    }),
    'BEGIN with RENEW answered with begun 0',
    '2',
  ],
  [
    'goes on with RENEW from another frame',
    'same-image',
    says(Command.DATA, DataResponse, ({ next }, frame) =>
      frame.payload.length === 3 ? { next: next + 1 } : {},
    ),
    'next 0',
    '1',
  ],
  [
    'does not verify what is renewed',
    'same-image',
    says(Command.END, EndResponse, (_, __, count) =>
      count === 2 ? { status: Status.VERIFY_FAILED, detail: 3 } : {},
    ),
    'END of the installed image, with RENEW: OK',
    'VERIFY_FAILED, detail 0x3',
  ],
  [
    'makes no entry for what is renewed',
    'same-image',
    update((update) => {
      const entry = update.entry.bind(update);
      let made: ReturnType<typeof entry> | undefined;
      update.entry = (header) => {
        made = made && sameBytes(made.header, header) ? made : entry(header);
        return made;
      };
    }),
    'record entry of the image that was renewed 2',
    '1',
  ],
  [
    'begins anew when BEGIN comes again',
    'repeats',
    begunAs([3], Begun.STARTED),
    'BEGINs answered with 0,1,1',
    '0,0,1',
  ],
  [
    'does not take END a second time',
    'repeats',
    answers(Command.END, (payload, _, count) =>
      count === 2 ? refusal(Status.NO_SESSION) : payload,
    ),
    'END answered with end_response of 7 bytes',
    'NO_SESSION (4200000000)',
  ],
  [
    'answers END with a gap a third time',
    'repeats',
    says(Command.END, EndResponse, (_, __, count) =>
      count === 3 ? { status: Status.GAP, detail: 9 } : {},
    ),
    'END, time 3: OK',
    'GAP, detail 0x9',
  ],
  [
    'loses VALID when END comes again',
    'repeats',
    later(
      Command.END,
      (count) => count === 2,
      installed((state) => state & ~VALID),
    ),
    'the image installed and VALID',
    'state 51',
  ],
  [
    'does not take ABORT a second time',
    'repeats',
    answers(Command.ABORT, (payload, _, count) =>
      count === 5 ? refusal(Status.NO_SESSION) : payload,
    ),
    'ABORT, time 2: OK',
    'NO_SESSION',
  ],
  [
    'makes an entry with ABORT',
    'repeats',
    later(Command.ABORT, (count) => count === 6, newer),
    'sequence of the installed image 1',
    '41',
  ],
  [
    'loses its image with ABORT',
    'repeats',
    later(
      Command.ABORT,
      (count) => count === 6,
      installed((state) => state & ~GOOD),
    ),
    'the image still VALID',
    'state 23',
  ],
  [
    'has something pending after ABORT',
    'abort',
    later(
      Command.ABORT,
      (count) => count === 4,
      ({ pending }) => ({ pending: { ...pending, state: PRESENT } }),
    ),
    'state of the pending image after ABORT 0',
    '1',
  ],
  [
    'makes an entry of what is aborted',
    'abort',
    later(Command.ABORT, (count) => count === 4, newer),
    'installed image after ABORT 1',
    '41',
  ],
  [
    'keeps its session after ABORT',
    'abort',
    update((update) => {
      update.abort = () => {};
    }),
    'DATA with 3 bytes refused with NO_SESSION and a detail',
    'OK (000000000000000000)',
  ],
  [
    'loses its image when another is aborted',
    'abort',
    later(
      Command.ABORT,
      (count) => count === 4,
      installed((state) => state & ~GOOD),
    ),
    'the old image VALID and good',
    'state 23',
  ],
  [
    'goes on with what was forgotten',
    'abort',
    begunAs([4], Begun.RESUMED),
    'BEGIN after it was forgotten answered with begun 0',
    '1',
  ],
  [
    'does not show that a page was written',
    'abort',
    later(
      Command.ABORT,
      (count) => count === 5,
      installed((state) => state & ~TOUCHED),
    ),
    'state of the image that was touched 3',
    '1',
  ],
  [
    'shows VALID for a page that was written',
    'abort',
    later(
      Command.ABORT,
      (count) => count === 5,
      installed((state) => state | VALID),
    ),
    'state of the image that was touched 3',
    '7',
  ],
  [
    'shows another image than it has touched',
    'abort',
    later(
      Command.ABORT,
      (count) => count === 5,
      (info) => ({ installed: { ...info.installed, sha256: new Uint8Array(32) } }),
    ),
    'the touched image installed',
    'another',
  ],
  [
    'begins anew what it has touched',
    'abort',
    begunAs([5], Begun.STARTED),
    'BEGIN of the touched image answered with begun 1',
    '0',
  ],
  [
    'has the floor of the newest image begun',
    'rollback',
    update((update) => {
      const open = update.open.bind(update);
      update.open = (header, entry) => {
        open(header, entry);
        update.floor = Math.max(update.floor, decode(Header, header).securityCounter);
      };
    }),
    'BEGIN answered with begin_response of 4 bytes',
    'ROLLBACK (56ffffffff)',
  ],
  [
    'takes a lower counter than its floor',
    'rollback',
    all(
      update((update) => {
        update.floor = 5;
      }),
      overlooks(Status.ROLLBACK, ({ securityCounter }) => securityCounter === 4),
    ),
    'BEGIN with 257 bytes refused with ROLLBACK and a detail',
    'OK (00000000)',
  ],
  [
    'says another floor than it has',
    'rollback',
    all(
      update((update) => {
        update.floor = 5;
      }),
      update((update) => {
        const fault = update.headerFault.bind(update);
        update.headerFault = (bytes) =>
          decode(Header, bytes).securityCounter === 4 ? refusal(Status.ROLLBACK, 4) : fault(bytes);
      }),
    ),
    'detail of ROLLBACK 5',
    '4',
  ],
  [
    'does not raise its floor',
    'floor',
    update((update) => {
      update.validate = ({ entry }) => {
        if (entry) entry.valid = true;
      };
    }),
    'BEGIN with 257 bytes refused with ROLLBACK and a detail',
    'OK (00000000)',
  ],
  [
    'raises its floor by more than it says',
    'floor',
    update((update) => {
      const fault = update.headerFault.bind(update);
      update.headerFault = (bytes) => {
        const refused = fault(bytes);
        return refused?.[0] === Status.ROLLBACK ? refusal(Status.ROLLBACK, 9) : refused;
      };
    }),
    'detail of ROLLBACK 2',
    '9',
  ],
  [
    'takes no image at its floor',
    'floor',
    update((update) => {
      update.validate = ({ entry, header }) => {
        if (entry) entry.valid = true;
        update.floor = decode(Header, header).securityCounter + 1;
      };
    }),
    'detail of ROLLBACK 2',
    '3',
  ],
  [
    'makes an entry with BEGIN',
    'update',
    later(Command.BEGIN, (count) => count === 3, newer),
    'installed entry after BEGIN 1',
    '41',
  ],
  [
    'does not show TOUCHED after a page',
    'update',
    hello(({ installed }) => ({
      installed: { ...installed, state: installed.state & VALID ? installed.state : PRESENT },
    })),
    'installed after the first page: PRESENT TOUCHED without VALID GOOD',
    'PRESENT',
  ],
  [
    'shows VALID after a page',
    'update',
    hello(({ installed }) => ({
      installed: { ...installed, state: installed.state && installed.state | VALID },
    })),
    'installed after the first page: PRESENT TOUCHED without VALID GOOD',
    'PRESENT TOUCHED VALID',
  ],
  [
    'shows an older entry after a page',
    'update',
    hello(({ installed }) => ({
      installed: { ...installed, sequence: installed.state & VALID ? installed.sequence : 0 },
    })),
    'an installed entry that is newer after the first page',
    '0, 1',
  ],
  [
    'has something pending after a page',
    'update',
    hello(({ installed, pending }) => ({
      pending: { ...pending, state: installed.state === (PRESENT | TOUCHED) ? PRESENT : 0 },
    })),
    'state of pending after the first page 0',
    '1',
  ],
  [
    'starts what is not whole',
    'update',
    answers(Command.BOOT, () => Uint8Array.of(Status.OK)),
    'BOOT with 0 bytes refused with NOT_BOOTABLE and a detail',
    'OK (00)',
  ],
  [
    'says of BOOT that there is no session',
    'update',
    answers(Command.BOOT, () => refusal(Status.NO_SESSION)),
    'BOOT with 0 bytes refused with NOT_BOOTABLE and a detail',
    'NO_SESSION (4200000000)',
  ],
  [
    'refuses what is right',
    'update',
    says(Command.END, EndResponse, (_, __, count) =>
      count === 2 ? { status: Status.VERIFY_FAILED, detail: 1 } : {},
    ),
    'END: OK',
    'VERIFY_FAILED, detail 0x1',
  ],
  [
    'does not show GOOD after END',
    'update',
    later(
      Command.END,
      (count) => count === 2,
      installed((state) => state & ~GOOD),
    ),
    'installed after END: PRESENT TOUCHED VALID CHECKED GOOD without CONFIRMED',
    'PRESENT TOUCHED VALID CHECKED',
  ],
  [
    'shows CONFIRMED after END',
    'update',
    later(
      Command.END,
      (count) => count === 2,
      installed((state) => state | CONFIRMED),
    ),
    'installed after END: PRESENT TOUCHED VALID CHECKED GOOD without CONFIRMED',
    'PRESENT TOUCHED VALID CONFIRMED CHECKED GOOD',
  ],
  [
    'shows another SHA-256 after END',
    'update',
    later(
      Command.END,
      (count) => count === 2,
      (info) => ({ installed: { ...info.installed, sha256: new Uint8Array(32) } }),
    ),
    'installed with the SHA-256 of BEGIN',
    'another',
  ],
  [
    'shows another size after END',
    'update',
    later(
      Command.END,
      (count) => count === 2,
      (info) => ({ installed: { ...info.installed, size: 5 } }),
    ),
    'size of the installed image 668',
    '5',
  ],
  [
    'shows another version after END',
    'update',
    later(
      Command.END,
      (count) => count === 2,
      (info) => ({
        installed: { ...info.installed, version: { ...info.installed.version, build: 5 } },
      }),
    ),
    'version of the installed image 30',
    '5',
  ],
  [
    'has another page in flash after END',
    'update',
    update((update) => {
      const validate = update.validate.bind(update);
      update.validate = (session) => {
        validate(session);
        update.flash.fill(0, 700);
      };
    }),
    'CRC-32 of the pages 1116571480,3318387807,1030076849',
    '1116571480,3318387807,2829175919',
  ],
  [
    'does not look at SHA-256',
    'wrong-sha',
    blindTo(Check.SHA256),
    'END of an image with a wrong SHA-256: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'does not look at CRC-32',
    'wrong-crc',
    blindTo(Check.CRC32),
    'END of an image with a wrong CRC-32: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'finds SHA-256 wrong in every image with a wrong CRC-32',
    'wrong-crc',
    says(Command.END, EndResponse, ({ status }) => (status === 4 ? { detail: Check.SHA256 } : {})),
    'END of an image with a wrong CRC-32: CRC32',
    'SHA256',
  ],
  [
    'has VALID although it said otherwise',
    'wrong-sha',
    hello((info) =>
      info.installed.state & VALID ? {} : installed((state) => state && state | VALID)(info),
    ),
    'installed after END of an image with a wrong SHA-256: TOUCHED without VALID GOOD',
    'PRESENT TOUCHED VALID',
  ],
  [
    'looks at the first bytes of SHA-256 alone',
    'wrong-sha',
    update((update) => {
      const faults = update.faults.bind(update);
      let first: Uint8Array | undefined;
      update.faults = (header) => {
        const found = faults(header);
        if (found === Check.SHA256) first ??= header;
        return found === Check.SHA256 && !sameBytes(first ?? header, header) ? 0 : found;
      };
    }),
    'END of an image with a wrong SHA-256: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'would start what it did not verify',
    'wrong-sha',
    answers(Command.BOOT, () => Uint8Array.of(Status.OK)),
    'BOOT with 0 bytes refused with NOT_BOOTABLE and a detail',
    'OK (00)',
  ],
  [
    'verifies a second time what it did not verify',
    'wrong-sha',
    says(Command.END, EndResponse, (_, __, count) => (count === 3 ? { status: Status.OK } : {})),
    'END again of an image with a wrong SHA-256: VERIFY_FAILED',
    'OK, detail 0x1',
  ],
  [
    'stays for nothing after power was cut',
    'wrong-sha',
    (device) => {
      const on = device.powerOn.bind(device);
      device.powerOn = () => {
        on();
        device.stay = 0;
      };
    },
    'stay for a reason',
    'NONE',
  ],
  [
    'takes a stack pointer of 0',
    'wrong-vectors',
    takesVectors((stack) => stack === 0),
    'END of an image with a stack pointer of 0: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a stack pointer in flash',
    'wrong-vectors',
    takesVectors((stack) => stack === BASE + 0x1000),
    'END of an image with a stack pointer in flash: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a blank stack pointer',
    'wrong-vectors',
    takesVectors((stack) => stack > 0xff00_0000),
    'END of an image with a blank stack pointer: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a stack pointer that is no multiple of 4',
    'wrong-vectors',
    takesVectors((stack) => stack % 4 === 2),
    'END of an image with a stack pointer that is no multiple of 4: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes an even reset vector',
    'wrong-vectors',
    takesVectors((_, reset) => reset % 2 === 0),
    'END of an image with an even reset vector: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a reset vector after the image',
    'wrong-vectors',
    takesVectors((_, reset) => reset === BASE + 152 + 1),
    'END of an image with a reset vector after the image: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a reset vector after the flash',
    'wrong-vectors',
    takesVectors((_, reset) => reset === BASE + 160 * 256 + 1),
    'END of an image with a reset vector after the flash: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a reset vector before the image',
    'wrong-vectors',
    takesVectors((_, reset) => reset < BASE),
    'END of an image with a reset vector before the image: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
  [
    'takes a blank reset vector',
    'wrong-vectors',
    takesVectors((_, reset) => reset === 0xffff_ffff),
    'END of an image with a blank reset vector: VERIFY_FAILED',
    'OK, detail 0x0',
  ],
];

test.each(WRONG)('a device that %s', (...wrong) => expectFail(wrong));
