// What is left of an update: to copy into a mail, or to keep.
import { PROTOCOL_MAJOR, PROTOCOL_MINOR } from '../../protocol/index.js';
import type { DeviceFacts } from './device-facts.js';
import type { Fault } from './fault.js';
import type { Firmware } from './firmware.js';
import type { Result, State } from './flow.js';
import type { Texts } from './texts/texts.js';

export interface Report {
  readonly report: 'iap-update';
  readonly format: 1;
  /** ISO 8601, UTC */
  readonly time: string;
  readonly ok: boolean;
  readonly demo: boolean;
  readonly protocol: string;
  readonly browser: string;
  readonly port?: string;
  readonly firmware?: Omit<Firmware, 'name' | 'notes'>;
  readonly device?: DeviceFacts;
  readonly result?: Result;
  readonly fault?: Fault;
  readonly warnings: readonly string[];
}

export function reportOf(state: State, now: Date, browser: string): Report {
  const { step, firmware, port, device, warnings } = state;
  const fault = 'fault' in step ? step.fault : undefined;
  return {
    report: 'iap-update',
    format: 1,
    time: now.toISOString(),
    ok: step.at === 'done',
    demo: port?.kind === 'demo',
    protocol: `${PROTOCOL_MAJOR}.${PROTOCOL_MINOR}`,
    browser,
    ...(port?.kind === 'serial' && port.name ? { port: port.name } : {}),
    ...(firmware ? { firmware: plain(firmware) } : {}),
    ...(device ? { device } : {}),
    ...(step.at === 'done' ? { result: step.result } : {}),
    ...(fault ? { fault } : {}),
    warnings,
  };
}

function plain({ name: _, notes: __, ...firmware }: Firmware): Report['firmware'] & object {
  return firmware;
}

export function reportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** In the language of the page; what is technical stays in English. */
export function reportText(report: Report, texts: Texts): string {
  const { firmware, device, result, fault } = report;
  const rows: (readonly [string, string | undefined])[] = [
    [texts.report, report.time],
    ['', report.ok ? texts.doneTitle : texts.failedTitle],
    ['', report.demo ? texts.demoNotice : undefined],
    [texts.file, firmware?.file],
    [texts.product, firmware?.facts?.product],
    [texts.version, firmware?.facts?.version],
    [texts.size, firmware && texts.bytes(firmware.size)],
    [texts.hash, firmware?.sha256],
    [texts.part, device?.part],
    [texts.serial, device?.serial],
    [texts.uniqueId, device?.uniqueId],
    ...(result ? resultLines(result, texts).map((line) => ['', line] as const) : []),
    ['', fault && `${fault.code}: ${texts.errors[fault.code].cause}`],
    [texts.technical, fault?.message],
    ...Object.entries(fault?.details ?? {}).map(([key, value]) => [key, String(value)] as const),
    ...report.warnings.map((warning) => [texts.warnings, warning] as const),
    ['', report.port],
    ['', report.browser],
  ];
  return `${rows
    .filter(([, value]) => value)
    .map(([name, value]) => (name === '' ? value : `${name}: ${value}`))
    .join('\n')}\n`;
}

/** How it ended: what became of the device, and what that took */
export function resultLines(result: Result, texts: Texts): readonly [string, string?] {
  if (!result.changed) return [texts.doneSame];
  const { started, startUnconfirmed, notStarted } = texts;
  const start = { started, unconfirmed: startUnconfirmed, no: notStarted }[result.boot];
  const seconds = texts.seconds(Math.max(1, Math.round(result.seconds)));
  return [start, texts.doneFacts(texts.bytes(result.bytesSent), seconds)];
}
