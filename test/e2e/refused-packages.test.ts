// Packages that a device which takes signed images alone must not take, as an attacker or a mistake makes them: each has words of its
// own on the host and a code for programs, nothing is written, and the application runs on.
import { describe, expect, test } from 'vitest';
import { connect } from '../../host/device/connect.js';
import { openSession } from '../../host/device/open.js';
import { openSerial } from '../../host/node/serial.js';
import { decode, encode, Header, offsetOf } from '../../protocol/index.js';
import { type Board, demoImage } from '../support/board.js';
import { SignedUnit } from '../support/signed-unit.js';
import { expectDemo, expectDone, flash, powerUp, tempDir } from './bench.js';

const PART = 'stm32f103xb';
const NEW = demoImage(PART, 2);
const SIGNATURE_AT = offsetOf(Header, 'signature');
const HEADER_SIZE = 256;
/** Of P-256 */
const ORDER = 0xffff_ffff_0000_0000_ffff_ffff_ffff_ffff_bce6_faad_a717_9e84_f3b9_cac2_fc63_2551n;

interface Bad {
  readonly file: Uint8Array;
  /** "x.iap" if missing */
  readonly name?: string;
  readonly code: string;
  readonly exit: number;
  /** What is found and expected, and what to do */
  readonly says: RegExp;
}

/** The unit has key 1 revoked, and a security counter of 2. */
const IN_FORCE: Partial<Header> = { usableKeys: 0xfd, securityCounter: 2 };

function badPackages(unit: SignedUnit): Record<string, Bad> {
  const good = (fields: Partial<Header> = {}, keyId = 2): Uint8Array =>
    unit.package(NEW, keyId, { ...IN_FORCE, ...fields });
  const flipped = (at: number): Uint8Array => good().map((b, i) => (i === at ? b ^ 0x10 : b));
  const unsigned = { signatureAlgorithm: 0, keyId: 0 };
  const bare = (fields: Partial<Header>): Uint8Array => {
    const header = {
      ...decode(Header, good()),
      ...fields,
      signature: new Uint8Array(64).fill(0xff),
    };
    return Uint8Array.of(...encode(Header, header), ...NEW);
  };
  const refused = { code: 'REFUSED', exit: 5 };
  const image = (code: string): { readonly code: string; readonly exit: number } => ({
    code: `IMAGE_${code}`,
    exit: 3,
  });
  const wrong = /signature does not fit it .*compare fingerprints/s;
  return {
    'a plain image': {
      ...image('PACKAGE_ONLY'),
      ...{ file: NEW, name: 'x.bin', says: /plain image.*flash the \.iap package/s },
    },
    'not signed': {
      ...image('SIGNATURE'),
      ...{ file: bare(unsigned), says: /only signed packages will do.*--key-id/s },
    },
    'not signed yet': {
      ...image('SIGNATURE'),
      ...{ file: bare({}), says: /key 2 is to sign.*sign it with "iap sign"/s },
    },
    'signed with a key of its own': {
      ...refused,
      ...{ file: new SignedUnit(PART).package(NEW, 2, IN_FORCE), says: wrong },
    },
    'signed by another key of the unit': {
      ...refused,
      ...{ file: withNumber(good({}, 0), 2), says: wrong },
    },
    'a bit of the version': { ...refused, ...{ file: flipped(28), says: wrong } },
    'a bit of the signature': { ...refused, ...{ file: flipped(SIGNATURE_AT + 40), says: wrong } },
    'the other signature of the same message': {
      ...refused,
      ...{ file: withHighS(good()), says: wrong },
    },
    'an algorithm that nobody knows': {
      ...refused,
      ...{ file: good({ signatureAlgorithm: 2 }), says: /another algorithm than its key is for/ },
    },
    'a bit of the image': {
      ...image('FORMAT'),
      ...{ file: flipped(HEADER_SIZE + 300), says: /damaged: its image.*make it again/s },
    },
    'cut off': {
      ...image('FORMAT'),
      ...{ file: good().subarray(0, 2000), says: /its header says \d+ bytes, it holds 1744/ },
    },
    'cut off within its header': {
      ...image('FORMAT'),
      ...{ file: good().subarray(0, 200), says: /its header alone needs 256/ },
    },
    'more behind it': {
      ...image('FORMAT'),
      ...{ file: Uint8Array.of(...good(), 0), says: /damaged: its header says/ },
    },
    'an older one again': {
      ...image('ROLLBACK'),
      ...{ file: good({ securityCounter: 1 }), says: /counter is 1; this device has reached 2/ },
    },
    'signed with the revoked key': {
      ...image('SIGNATURE'),
      ...{ file: good({ usableKeys: 0xff }, 1), says: /key 1, which was revoked.*another key/s },
    },
    'one that forgets the revocation': {
      ...image('SIGNATURE'),
      ...{ file: good({ usableKeys: 0xff }), says: /does not revoke key 1.*--revoke 1/s },
    },
    'one that revokes the root key': {
      ...image('SIGNATURE'),
      ...{ file: good({ usableKeys: 0xfc }), says: /revokes key 0, a root key/ },
    },
    'one that revokes the key that signs it': {
      ...image('SIGNATURE'),
      ...{ file: good({ usableKeys: 0xf9 }), says: /key 2 .*--key-id of a root key/s },
    },
    'a number without a key': {
      ...image('SIGNATURE'),
      ...{
        file: withNumber(good(), 3),
        says: /key 3, which this device does not have; it has 0, 1, 2/,
      },
    },
    'another product': {
      ...image('WRONG_PRODUCT'),
      ...{ file: good({ product: new Uint8Array(16).fill(0x58) }), says: /product "X+"/ },
    },
    'any product': {
      ...image('PACKAGE_ONLY'),
      ...{ file: good({ product: new Uint8Array(16) }), says: /for any product.*of this product/s },
    },
    'another revision': {
      ...image('WRONG_HARDWARE'),
      ...{ file: good({ hardwareMin: 2 }), says: /this device has revision 1/ },
    },
    'another unit': {
      ...image('WRONG_DEVICE'),
      ...{ file: good({ uniqueId: new Uint8Array(12).fill(7) }), says: /for the device 0707/ },
    },
  };
}

function withNumber(file: Uint8Array, keyId: number): Uint8Array {
  const changed = file.slice();
  changed[offsetOf(Header, 'keyId')] = keyId;
  return changed;
}

/** s and n - s fit the same message */
function withHighS(file: Uint8Array): Uint8Array {
  const at = SIGNATURE_AT + 32;
  const s = BigInt(`0x${Buffer.from(file.subarray(at, at + 32)).toString('hex')}`);
  const changed = file.slice();
  changed.set(Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex'), at);
  return changed;
}

/** Its application runs and has confirmed itself, the only thing it ever writes; root has revoked key 1. */
async function unitInTheField(unit: SignedUnit): Promise<Board> {
  // The application answers from its reception interrupt, and may miss what a host says meanwhile.
  const board = await powerUp(PART, { load: unit.flash(), allowed: ['overruns'] });
  expectDone(await flash(board, unit.package(demoImage(PART, 1), 0, IN_FORCE)));
  await expectDemo(board, 1);
  return board;
}

describe('each package has its own words, and nothing is written', () => {
  test('by the command', async () => {
    const unit = new SignedUnit(PART);
    const board = await unitInTheField(unit);
    const { flashOps } = await board.counters();
    const folder = tempDir();
    const messages = new Map<string, string>();
    for (const [what, { file, name = 'x.iap', code, exit, says }] of Object.entries(
      badPackages(unit),
    )) {
      const { result, code: exitCode } = await flash(board, folder.write(name, file));
      const { message = '', hint = '' } = result ?? {};
      expect.soft({ what, code: result?.code, exitCode }).toEqual({ what, code, exitCode: exit });
      expect.soft(`${message}\n${hint}`, what).toMatch(says);
      expect(hint.length, what).toBeGreaterThan(20);
      messages.set(message, what);
      expect((await board.counters()).flashOps, what).toBe(flashOps);
    }
    // One that the device refuses as WRONG can be wrong in five ways.
    expect(messages.size).toBe(Object.keys(badPackages(unit)).length - 4);
    await expectDemo(board, 1);
  });

  test('and by a host that sends them all the same', async () => {
    const unit = new SignedUnit(PART);
    const board = await unitInTheField(unit);
    const { flashOps } = await board.counters();
    const transport = await openSerial({ path: board.port, rate: 115_200 });
    const session = openSession(transport, {});
    try {
      const device = await connect(session, { hold: true });
      for (const [what, { file, name }] of Object.entries(badPackages(unit))) {
        // What is wrong with these is not in their headers.
        if (name === 'x.bin' || /^(a bit of the image|cut off|more behind)/.test(what)) continue;
        const begun = device.begin(file.slice(0, HEADER_SIZE), 0);
        await expect(begun, what).rejects.toMatchObject({ code: 'REFUSED' });
      }
      expect((await board.counters()).flashOps).toBe(flashOps);
      await device.boot();
    } finally {
      session.close();
      await transport.close();
    }
    await expectDemo(board, 1);
  });
});
