// A device in words: one line for a person, and named values for a program.
import {
  Capability,
  IdentityFlag,
  ImageState,
  KeyRole,
  Mode,
  type Security,
  SecurityFlag,
  Stay,
} from '../../protocol/index.js';
import { isZero } from '../base/bytes.js';
import { flagNames, hex32, hexBytes, nameOf } from '../base/text.js';
import type { DeviceInfo } from '../device/device.js';
import { nameText, textOf } from '../image/names.js';
import { versionText } from '../image/version.js';
import { type DeviceKey, securityKeys } from '../signing/security.js';

type Installed = DeviceInfo['installed'];

const STAY_TEXT: Readonly<Record<number, string>> = {
  [Stay.NONE]: 'deciding',
  [Stay.FAULT]:
    'stayed after a fault, its own or of an application that set VTOR back ("iap check" tells)',
  [Stay.ASKED]: 'the application asked for it',
  [Stay.BUTTON]: 'the button was held',
  [Stay.HOST]: 'a host called',
  [Stay.NO_RECORD]: 'no application was ever installed',
  [Stay.IN_PROGRESS]: 'an update is begun and not finished',
  [Stay.IMAGE_BAD]: 'the application is damaged',
  [Stay.TRIALS_USED]: 'the application never confirmed itself',
};

/** For example: stm32f103xe, bootloader 0.1.0 (an update is begun and not finished), installed: 1.2.0 (4711 bytes, 1a2b3c4d) */
export function deviceLine(info: DeviceInfo): string {
  const who =
    info.mode === Mode.APP
      ? 'application running'
      : `bootloader ${bootloaderVersion(info)} (${STAY_TEXT[info.stay] ?? `reason ${info.stay}`})`;
  const serial = info.serial === '' ? '' : ` ${info.serial}`;
  return `${info.part || 'device'}${serial}: ${who}, installed: ${imageText(info.installed)}`;
}

export function notNowText(detail: number): string {
  const reason = detail === 0 ? '' : ` (its reason ${detail})`;
  return `the application does not want to be left at this moment${reason}; asking again until it does`;
}

export function imageText(image: Installed): string {
  if ((image.state & ImageState.PRESENT) === 0) return 'nothing';
  return `${versionText(image.version)} (${image.size} bytes, ${shortHash(image)}, ${healthOf(image)})`;
}

function healthOf({ state }: Installed): string {
  if ((state & ImageState.VALID) === 0) return 'unfinished';
  if ((state & ImageState.TRIALS_USED) !== 0) return 'trial boots used up';
  if ((state & ImageState.CHECKED) === 0) return 'not checked yet';
  return (state & ImageState.GOOD) === 0 ? 'damaged' : 'good';
}

/** Only starts of an image that wants confirmation are counted. An application does not know how many it has. */
function trialText({ state, trials }: Installed, stay?: number): string {
  if ((state & ImageState.CONFIRMED) !== 0) return ', confirmed by the application';
  if (trials === 0 || (state & ImageState.TRIALS_USED) !== 0) return '';
  return stay === Stay.TRIALS_USED
    ? ', but it never confirmed itself: its trial boots are used up'
    : ', on trial: not confirmed yet';
}

/** The first four bytes of the hash: enough to tell builds apart */
function shortHash({ sha256 }: Installed): string {
  return hexBytes(sha256.subarray(0, 4));
}

export function bootloaderVersion(info: DeviceInfo): string {
  return `${info.bootloaderMajor}.${info.bootloaderMinor}.${info.bootloaderPatch}`;
}

/** For JSON: names instead of numbers where there are names */
export function deviceJson(info: DeviceInfo): object {
  return {
    protocol: `${info.major}.${info.minor}`,
    mode: nameOf(Mode, info.mode),
    stay: nameOf(Stay, info.stay),
    bootloader: bootloaderVersion(info),
    part: info.part,
    product: hexBytes(info.product),
    productText: textOf(info.product) ?? null,
    hardware: info.hardware,
    address: info.address,
    packagesOnly: packagesOnly(info),
    serial: info.serial,
    uniqueId: hexBytes(info.uniqueId),
    pageSize: info.pageSize,
    appBase: info.appBase,
    appEnd: info.appEnd,
    maxPayload: info.maxPayload,
    window: info.window,
    defaultRate: info.defaultRate,
    maxRate: info.maxRate,
    capabilities: flagNames(Capability, info.capabilities),
    limitsMs: {
      hold: info.holdMs,
      begin: info.beginMs,
      page: info.pageMs,
      pages: info.pagesMs,
      end: info.endMs,
    },
    installed: imageJson(info.installed),
    pending: imageJson(info.pending),
    security: info.security ? securityJson(info.security) : null,
  };
}

function securityJson(security: Security): object {
  return {
    flags: flagNames(SecurityFlag, security.flags),
    securityCounter: security.securityCounter,
    keys: keysOf(security).map(({ id, role, fingerprint, revoked }) => ({
      id,
      role: nameOf(KeyRole, role),
      fingerprint: hexBytes(fingerprint),
      revoked,
    })),
  };
}

function keysOf(security: Security): DeviceKey[] {
  return securityKeys(security).filter(({ role }) => role !== KeyRole.NONE);
}

function imageJson(image: Installed): object | null {
  if ((image.state & ImageState.PRESENT) === 0) return null;
  return {
    state: flagNames(ImageState, image.state),
    trials: image.trials,
    sequence: image.sequence,
    size: image.size,
    crc32: image.crc32,
    sha256: hexBytes(image.sha256),
    version: versionText(image.version),
  };
}

/** All that HELLO says, as a technician may have to read it out loud */
export function deviceTable(info: DeviceInfo): string[] {
  const room = info.appEnd - info.appBase;
  const rows: [string, string][] = [
    ['part', info.part],
    ['serial number', info.serial || '(none)'],
    ['unique id', hexBytes(info.uniqueId)],
    ['product', isZero(info.product) ? '(any)' : nameText(info.product)],
    ['hardware revision', String(info.hardware)],
    ['bus address', info.address === 0 ? '(none)' : String(info.address)],
    ['takes', takesText(info)],
    ['running', info.mode === Mode.APP ? 'application' : `bootloader ${bootloaderVersion(info)}`],
    [info.mode === Mode.APP ? 'last stayed' : 'stayed because', stayText(info)],
    ...imageRows('installed', info.installed, info.stay),
    ...imageRows('pending', info.pending),
    [
      'application area',
      `${hex32(info.appBase)} to ${hex32(info.appEnd - 1)}, ${room} bytes in pages of ${info.pageSize}`,
    ],
    ...(info.mode === Mode.APP ? appRows(info) : bootloaderRows(info)),
    ...(info.security ? securityRows(info.security) : []),
    ['protocol', `${info.major}.${info.minor}`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(18)} ${value}`);
}

function bootloaderRows(info: DeviceInfo): [string, string][] {
  return [
    ['rates', `${info.defaultRate} to start with, up to ${info.maxRate} baud`],
    ['can', flagNames(Capability, info.capabilities).join(', ') || 'the required'],
    ['takes at once', `${info.window} bytes in frames of up to ${info.maxPayload}`],
    [
      'time limits',
      `stays ${info.holdMs} ms after the last call; BEGIN ${info.beginMs} ms, a page ${info.pageMs} ms, PAGES ${info.pagesMs} ms, END ${info.endMs} ms`,
    ],
  ];
}

const ASK_BOOTLOADER = '"iap info --bootloader", then reset';

/** The rest only the bootloader knows. */
function appRows({ defaultRate }: DeviceInfo): [string, string][] {
  return [['rates', `${defaultRate} baud in the bootloader; what that can do: ${ASK_BOOTLOADER}`]];
}

function packagesOnly({ identityFlags }: DeviceInfo): boolean {
  return (identityFlags & IdentityFlag.ANY_IMAGE) === 0;
}

function takesText(info: DeviceInfo): string {
  if (info.security && signedOnly(info.security)) return 'signed packages of this product only';
  // Whether it takes signed ones alone, an application does not know.
  if (info.mode === Mode.APP) return `what its bootloader says: ${ASK_BOOTLOADER}`;
  return packagesOnly(info) ? 'packages of this product only' : 'packages and plain images';
}

function signedOnly({ flags }: Security): boolean {
  return (flags & SecurityFlag.SIGNED_ONLY) !== 0;
}

const ROLE_TEXT: Readonly<Record<number, string>> = {
  [KeyRole.ROOT]: 'root',
  [KeyRole.RELEASE]: 'release',
  [KeyRole.DEVELOPMENT]: 'DEVELOPMENT',
};

function securityRows(security: Security): [string, string][] {
  const { flags, securityCounter } = security;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const readOut = has(SecurityFlag.READ_LOCKED)
    ? 'protected for ever (level 2)'
    : has(SecurityFlag.READ_PROTECTED)
      ? 'protected (level 1)'
      : 'NOT protected';
  return [
    ...keysOf(security).map(({ id, role, fingerprint, revoked }): [string, string] => [
      `key ${id}`,
      `${ROLE_TEXT[role] ?? `role ${role}`}, fingerprint ${hexBytes(fingerprint)}${revoked ? ', revoked' : ''}`,
    ]),
    ['security counter', `${securityCounter}: no image with a lower one is taken`],
    ['read-out', readOut],
    ['bootloader', has(SecurityFlag.WRITE_PROTECTED) ? 'write-protected' : 'NOT write-protected'],
    [
      'at each start',
      has(SecurityFlag.BOOT_VERIFIED)
        ? 'the signature of the application is checked'
        : 'the CRC-32 of the application is checked',
    ],
  ];
}

/** What nobody must overlook */
export function securityWarnings({ security }: DeviceInfo): string[] {
  if (!security) return [];
  const development = securityKeys(security).filter(
    ({ role, revoked }) => role === KeyRole.DEVELOPMENT && !revoked,
  );
  return [
    ...((security.flags & SecurityFlag.KEYS) === 0
      ? [
          'its key block is blank or damaged: it takes no image until it is written again (iap factory)',
        ]
      : []),
    ...development.map(
      ({ id, fingerprint }) =>
        `DEVELOPMENT KEY: key ${id} (${hexBytes(fingerprint)}) can sign for this device, which must not leave the house`,
    ),
  ];
}

function stayText({ mode, stay }: DeviceInfo): string {
  if (mode === Mode.APP && stay === Stay.NONE) return '(the bootloader did not stay)';
  return STAY_TEXT[stay] ?? `reason ${stay}`;
}

/** One image, a fact a line */
function imageRows(name: string, image: Installed, stay?: number): [string, string][] {
  const { state, version, size, sha256, crc32, sequence, trials } = image;
  if ((state & ImageState.PRESENT) === 0) return [[name, 'nothing']];
  const touched = (state & ImageState.TOUCHED) !== 0;
  return [
    [name, `version ${versionText(version)}, ${size} bytes`],
    [
      '  state',
      touched ? `${healthOf(image)}${trialText(image, stay)}` : 'begun, no page written yet',
    ],
    ['  trial boots', String(trials)],
    ['  SHA-256', hexBytes(sha256)],
    ['  CRC-32', crc32.toString(16).padStart(8, '0')],
    ['  record entry', String(sequence)],
  ];
}
