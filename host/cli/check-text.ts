// What "iap check" found: one line for a good image, all findings with their remedies for any other, and the same for programs.
import type { KitFacts } from '../../protocol/index.js';
import { hex32, hexBytes, printable, sizeText } from '../base/text.js';
import { isBlocking } from '../check/allow.js';
import type { Finding } from '../check/finding.js';
import type { Facts, Inspection } from '../check/inspect.js';
import { versionText } from '../image/version.js';
import { signatureText } from './header-json.js';

/** For example: app.bin: ok, 4711 bytes at 0x08008000, CRC-32 1a2b3c4d, … */
export function inspectionLines(path: string, { ok, findings, facts }: Inspection): string[] {
  const errors = findings.filter(isBlocking).length;
  const allowed = findings.filter((finding) => finding.allowed).length;
  const warnings = findings.length - errors - allowed;
  const verdict = [
    ...(ok ? ['ok'] : [countText(errors, 'error')]),
    ...(allowed > 0 ? [`${countText(allowed, 'error')} allowed`] : []),
    ...(warnings > 0 ? [countText(warnings, 'warning')] : []),
    ...(facts ? [factsText(facts)] : []),
  ];
  return [`${printable(path)}: ${verdict.join(', ')}`, ...findings.flatMap(findingLines)];
}

function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function factsText({
  base,
  size,
  crc32,
  sha256,
  version,
  builtFor,
  pages,
  free,
  kit,
  signature,
}: Facts): string {
  return [
    ...(version ? [`version ${versionText(version)}`] : []),
    `${sizeText(size)} at ${hex32(base)}`,
    ...(pages && free !== undefined
      ? [
          `${pages.used} of ${pages.total} pages`,
          `${sizeText(free)} free from ${hex32(base + size)}`,
        ]
      : []),
    ...(builtFor === undefined ? [] : [builtFor]),
    kit ? `app kit ${kitVersion(kit)} for ${kit.board}` : 'no app kit',
    ...(signature ? [`signature ${signatureText(signature)}`] : []),
    `CRC-32 ${crc32.toString(16).padStart(8, '0')}`,
    `SHA-256 ${hexBytes(sha256)}`,
  ].join(', ');
}

function findingLines({ id, severity, allowed, message, hint, fixes }: Finding): string[] {
  return [
    `  ${allowed ? 'allowed' : severity} ${id}: ${message}`,
    `    ${hint}`,
    ...(fixes
      ? [
          `    GCC, CubeIDE: ${fixes.gcc}`,
          `    Keil:         ${fixes.keil}`,
          `    IAR:          ${fixes.iar}`,
        ]
      : []),
  ];
}

/** Addresses and CRCs as numbers */
export function inspectionJson({ ok, findings, assumed, facts }: Inspection): object {
  if (!facts) return { ok, findings, assumed };
  const { version, vtor, kit, ...values } = facts;
  return {
    ok,
    ...values,
    ...(version ? { version: versionText(version) } : {}),
    kit: kit ? kitJson(kit) : null,
    vtor: vtor.map(({ at, value }) => ({ at, value: value ?? null })),
    findings,
    assumed,
  };
}

function kitJson(kit: KitFacts): object {
  const { board, part, appBase, appEnd, pageSize, defaultRate, usart } = kit;
  return { version: kitVersion(kit), board, part, appBase, appEnd, pageSize, defaultRate, usart };
}

function kitVersion({ kitMajor, kitMinor, kitPatch }: KitFacts): string {
  return `${kitMajor}.${kitMinor}.${kitPatch}`;
}
