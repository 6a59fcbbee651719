// Section 7: devices that take signed images alone, as far as they are seen with one key that may sign.
import {
  Capability,
  Command,
  decode,
  encode,
  Header,
  HelloResponse,
  KeyRole,
  offsetOf,
  PagesRequest,
  Security,
  SecurityFlag,
  Signature,
  Status,
} from '../../../protocol/index.js';
import { helloRequest } from '../../device/device.js';
import type { Bench } from '../bench.js';
import type { Check } from '../check.js';
import { expectEqual, expectTrue, NotTestable } from '../deviation.js';
import { begin, beginPayload, end, expectStatus, home, pages, sendAll } from '../update.js';
import { memory } from './addresses.js';

const SIGNATURE_AT = offsetOf(Header, 'signature');
/** Places in what is signed that no other check of BEGIN looks at, and in r and s [bit] */
const FLIPPED: readonly number[] = [
  8 * offsetOf(Header, 'version'),
  8 * offsetOf(Header, 'imageCrc32') + 31,
  8 * offsetOf(Header, 'imageSha256') + 100,
  8 * offsetOf(Header, 'reserved') + 5,
  8 * SIGNATURE_AT - 1,
  8 * SIGNATURE_AT + 3,
  8 * SIGNATURE_AT + 255,
  8 * Header.size - 8,
];
/** No device has so many keys. */
const NO_KEY = 200;

/** @throws NotTestable */
function needSigned(bench: Bench): void {
  if ((bench.info.capabilities & Capability.SIGNATURE) === 0)
    throw new NotTestable('the device takes unsigned images');
}

async function refused(bench: Bench): Promise<void> {
  needSigned(bench);
  const before = memory(await bench.hello());
  const unfinished = bench.image({ seed: 41 });
  const { header } = bench.image({ seed: 42 });
  const fields = decode(Header, header);
  const withFields = (more: Partial<Header>): Uint8Array => encode(Header, { ...fields, ...more });
  const headers = [
    withFields({ signatureAlgorithm: Signature.NONE }),
    withFields({ signatureAlgorithm: Signature.NONE, signature: new Uint8Array(64).fill(0xff) }),
    withFields({ signatureAlgorithm: Signature.ECDSA_P256 + 1 }),
    withFields({ signature: new Uint8Array(64) }),
    withFields({ keyId: NO_KEY }),
    ...FLIPPED.map((bit) => flipped(header, bit)),
  ];
  const refuses = async (): Promise<void> => {
    for (const wrong of headers) {
      await bench.refused(Status.BAD_SIGNATURE, Command.BEGIN, beginPayload(wrong), {
        limitMs: bench.info.beginMs,
      });
    }
  };
  await refuses();
  expectEqual('record after refused BEGINs', memory(await bench.hello()), before);
  // With a key, more can be seen: the same header is taken, and a running session is not disturbed.
  if (bench.closed !== undefined) return;
  await begin(bench, unfinished);
  await refuses();
  const { status } = await end(bench, await sendAll(bench, unfinished));
  expectStatus('END of an update between refused ones', status, Status.OK);
  await begin(bench, { header, bytes: unfinished.bytes });
  await bench.abort();
}

function flipped(header: Uint8Array, bit: number): Uint8Array {
  const wrong = header.slice();
  wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return wrong;
}

async function pagesOfSession(bench: Bench): Promise<void> {
  needSigned(bench);
  await home(bench);
  await bench.abort();
  const first = encode(PagesRequest, { first: 0, count: 1 });
  const limitMs = bench.info.pagesMs;
  await bench.refused(Status.NO_SESSION, Command.PAGES, first, { limitMs });
  await begin(bench, bench.image({ seed: 43, size: bench.info.pageSize + 8 }));
  await pages(bench, 0, 2);
  await bench.abort();
  await bench.refused(Status.NO_SESSION, Command.PAGES, first, { limitMs });
}

async function tellsState(bench: Bench): Promise<void> {
  needSigned(bench);
  const installed = bench.closed === undefined ? await home(bench) : undefined;
  const payload = await bench.ask(Command.HELLO, helloRequest(true));
  expectTrue(
    'HELLO with the structure security',
    payload.length >= HelloResponse.size + Security.size,
    `${payload.length} bytes`,
  );
  const { flags, usableKeys, securityCounter, ...keys } = decode(
    Security,
    payload.subarray(HelloResponse.size),
  );
  expectTrue('SIGNED_ONLY in its flags', (flags & SecurityFlag.SIGNED_ONLY) !== 0, `${flags}`);
  if (!installed) return;
  const { keyId, ...header } = decode(Header, installed.header);
  expectEqual('its security counter', securityCounter, header.securityCounter);
  expectEqual('its usable keys', usableKeys, header.usableKeys);
  expectTrue('KEYS in its flags', (flags & SecurityFlag.KEYS) !== 0, `${flags}`);
  const role = [keys.key0, keys.key1, keys.key2, keys.key3][keyId]?.role ?? KeyRole.NONE;
  expectTrue('a role of the key that signs', role !== KeyRole.NONE, 'NONE');
}

export const SIGNED_CHECKS: readonly Check[] = [
  {
    id: 'signed-refused',
    requirements: ['S-1', 'S-4', 'S-5'],
    title: 'images that no key has signed are refused, and nothing is written',
    run: refused,
  },
  {
    id: 'signed-pages',
    requirements: ['S-11'],
    title: 'PAGES answers in a session alone',
    run: pagesOfSession,
  },
  {
    id: 'signed-hello',
    requirements: ['S-16'],
    title: 'HELLO tells keys and counter',
    run: tellsState,
  },
];
