// docs/states.md against the code: what its pictures name is there.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/states.md'), 'utf8');

function sources(folder: string, ending: RegExp): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'))
    .join('\n');
}

const device = sources('bootloader-c/core', /\.[ch]$/);
const host = sources('host', /\.ts$/);
const protocol = readFileSync(join(root, 'protocol/protocol.json'), 'utf8');

const pictures = [...page.matchAll(/```\n(.*?)```/gs)].map(([, picture = '']) => picture);
const ofDevice = pictures.slice(0, 3).join('\n');
const [, , , ofOne = '', ofGroup = ''] = pictures;
const ofHost = `${ofOne}\n${ofGroup}`;
const words = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, word = '']) => word)),
];
const has = (text: string, word: string): boolean =>
  new RegExp(`(?<![A-Za-z0-9])${word}(?![A-Za-z0-9])`).test(text);

/** Names of steps of the host's picture, which are only there to lead the eye */
const stepsOf = (picture: string): string[] => words(picture, /^ ([A-Z]+) {3,}/gm);
const STEPS = new Set(stepsOf(ofHost));

test('there is a picture for each machine', () => {
  expect(pictures).toHaveLength(5);
  const known = ['FIND', 'RATE', 'BEGIN', 'COMPARE', 'SEND', 'END', 'BOOT', 'AGAIN'];
  expect(stepsOf(ofOne)).toEqual(known);
  expect(stepsOf(ofGroup)).toEqual(['FIND', 'BEGIN', 'RATE', 'SEND', 'END', 'BOOT', 'ALONE']);
});

test('statuses, reasons, constants and errors are those of the protocol and of the code', () => {
  const named = words(page, /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,})\b/g);
  const known = [protocol, host, device];
  const unknown = named.filter(
    (word) => !STEPS.has(word) && !known.some((text) => has(text, word)),
  );
  expect(named.length).toBeGreaterThan(40);
  expect(unknown).toEqual([]);
});

test('functions and members are those of the core', () => {
  const named = words(`${ofDevice}\n${page}`, /\b(iap_[a-z_]+|IAP_[A-Z_]+)\b/g);
  const members = words(ofDevice, /\b([a-z]+_[a-z]+)\b/g);
  expect(named.length).toBeGreaterThan(4);
  expect([...named, ...members].filter((word) => !has(device, word))).toEqual([]);
});

test('functions and events are those of the host', () => {
  const named = words(ofHost, /\b((?:[a-z]+[A-Z]\w*)|NotNowWait|SupplyWait|Installer|Transfer)\b/g);
  expect(named.length).toBeGreaterThan(8);
  expect([...named, 'call', 'connect', 'enter'].filter((word) => !has(host, word))).toEqual([]);
  const events = words(ofHost, /"([a-z-]+)"/g);
  expect(events.filter((event) => !host.includes(`event: '${event}'`))).toEqual([]);
  const told = ['events.ts', 'group-events.ts'].map((file) =>
    readFileSync(join(root, 'host/update', file), 'utf8'),
  );
  const all = words(told.join('\n'), /readonly event: '([a-z-]+)'/g);
  expect(all.filter((event) => !events.includes(event))).toEqual([]);
});
