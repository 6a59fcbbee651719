// "iap factory": what it prints, what it writes, and which command lines it refuses.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { FACTORY, type FactoryArguments } from '../../host/cli/commands/factory.js';
import { Output } from '../../host/cli/output.js';
import { headerFor } from '../../host/image/image.js';
import { buildRecord } from '../../host/record/record.js';
import { APP_BASE } from '../../protocol/index.js';
import { jsonLines } from '../support/cli.js';
import { appImage, bootloaderImage } from '../support/images.js';

const { handler: factory } = FACTORY;

const folder = mkdtempSync(join(tmpdir(), 'iap-'));
afterAll(() => rmSync(folder, { recursive: true }));

const app = join(folder, 'app.bin');
const boot = join(folder, 'bootloader.bin');
writeFileSync(app, appImage(1001));
writeFileSync(boot, bootloaderImage());
const base: FactoryArguments = {
  image: app,
  board: 'stm32f103xb',
  bootloader: boot,
  output: join(folder, 'u.hex'),
  blankApp: false,
  recordOnly: false,
  writeProtect: false,
  packagesOnly: false,
  development: false,
};

async function run(args: Partial<FactoryArguments>, json = false): Promise<string> {
  let text = '';
  const out = { write: (piece: string) => (text += piece) };
  await factory({ ...base, ...args }, { output: new Output(json, { out, error: out }) });
  return text;
}

test('prints a map of what it wrote', async () => {
  const text = await run({ product: 'PUMP-2', serial: 'A0001', writeProtect: true });
  expect(text).toMatch(
    /^0x08000000 +28608 {2}[0-9a-f]{8} {2}[0-9a-f]{8} {2}bootloader of stm32f103xb, 5000 bytes$/m,
  );
  expect(text).toMatch(/^0x08006FC0 +64 .* product "PUMP-2" \(5055.*, serial A0001$/m);
  expect(text).toMatch(/^0x1FFFF800 +16 .*write-protected/m);
  const events = jsonLines(await run({ product: 'PUMP-2' }, true));
  expect(events.map(({ event, kind }) => kind ?? event)).toEqual([
    ...['warning', 'bootloader', 'identity', 'record', 'application', 'result'],
  ]);
});

test('a bootloader of this part that applications elsewhere were meant for is doubted', async () => {
  expect(await run({})).toContain('does not seem to know 0x08008000');
  const known = bootloaderImage();
  new DataView(known.buffer).setUint32(400, APP_BASE, true);
  const path = join(folder, 'known.bin');
  writeFileSync(path, known);
  expect(await run({ bootloader: path })).not.toContain('does not seem');
});

test('units are told apart by a hash: the CRC-32 of what ends in its own is always the same', async () => {
  const identities: Record<string, unknown>[] = [];
  for (const serial of ['A1', 'A2']) {
    const events = jsonLines(await run({ product: 'PUMP-2', serial }, true));
    identities.push(...events.filter(({ kind }) => kind === 'identity'));
  }
  expect(identities[0]?.crc32).toBe(identities[1]?.crc32);
  expect(identities[0]?.sha256).not.toBe(identities[1]?.sha256);
});

test('a unit with keys: an application that is not signed is told before the proofs, and a proof that is none by its name', async () => {
  const key = (name: string): string => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const path = join(folder, name);
    writeFileSync(path, publicKey.export({ format: 'pem', type: 'spki' }));
    return path;
  };
  const keys = { rootKey: key('root.pub'), releaseKey: key('release.pub'), product: 'PUMP-2' };
  // One that compares s with half the order, as those for signed images do
  const half = '7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8';
  const verifying = bootloaderImage();
  verifying.set(Buffer.from(half, 'hex'), 1000);
  const bootloader = join(folder, 'verifying.bin');
  writeFileSync(bootloader, verifying);
  const output = join(folder, 'keys.hex');
  const refused = (args: Partial<FactoryArguments>): Promise<unknown> =>
    run({ ...keys, bootloader, output, ...args }).catch((error: unknown) => error);

  expect(await refused({})).toMatchObject({ code: 'IMAGE_PACKAGE_ONLY' });
  const none = { blankApp: true, image: undefined };
  expect(await refused({ ...none, proof: [keys.rootKey] })).toMatchObject({
    code: 'SIGNATURE_WRONG',
    message: expect.stringContaining(`the proof ${keys.rootKey} can not be used`),
  });
  expect(await refused(none)).toMatchObject({
    code: 'KEY_WRONG',
    hint: expect.stringContaining('"iap keys prove root.pem -o root.proof"'),
  });
  expect(existsSync(output)).toBe(false);
});

test('the record alone, for an application that a debugger writes', async () => {
  const output = join(folder, 'record.bin');
  const text = await run({ recordOnly: true, output, bootloader: '/nonexistent' });
  expect(text).toMatch(/only for this application at 0x08008000: 1001 bytes, CRC-32 [0-9a-f]{8}/);
  const header = headerFor({ base: undefined, bytes: appImage(1001) }, APP_BASE);
  expect(new Uint8Array(readFileSync(output))).toEqual(buildRecord(header));
});

test.each([
  [{ image: undefined }, 'USAGE', /no application is given/],
  [{ blankApp: true }, 'USAGE', /--blank-app/],
  [{ blankApp: true, image: undefined, recordOnly: true }, 'USAGE', /--record-only needs/],
  [{ serial: 'A1' }, 'USAGE', /--serial is part of the unit's identity, which needs --product/],
  [{ packagesOnly: true }, 'USAGE', /--packages-only/],
  [{ output: 'unit.elf' }, 'USAGE', /must end in .hex/],
  [{ output: 'unit.bin', writeProtect: true }, 'USAGE', /option bytes can only/],
  [{ recordOnly: true, writeProtect: true }, 'USAGE', /--record-only/],
  [{ recordOnly: true, product: 'P' }, 'USAGE', /--record-only/],
  [{ data: ['0x08010000'] }, 'USAGE', /ADDRESS=FILE/],
  [{ data: ['x=y'] }, 'FILE_UNREADABLE', /data y can not be read/],
  [{ board: 'stm32' }, 'USAGE', /no board "stm32"; there are/],
  [{ bootloader: '/nonexistent' }, 'FILE_UNREADABLE', /bootloader .* can not be read/],
  [{ bootloader: app }, 'BOOTLOADER_WRONG', /reset vector/],
] as [Partial<FactoryArguments>, string, RegExp][])('%j', async (args, code, text) => {
  const thrown: unknown = await run(args).catch((e: unknown) => e);
  expect(thrown).toMatchObject({ code });
  expect((thrown as IapError).message).toMatch(text);
});
