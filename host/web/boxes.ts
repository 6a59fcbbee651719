// What panels are made of: facts of firmware and device, notes, buttons. Buttons name what they do in `data-do`.
import type { DeviceFacts } from './device-facts.js';
import { h } from './dom.js';
import type { Fault } from './fault.js';
import type { Firmware } from './firmware.js';
import { translation } from './manifest.js';
import { refusedOf } from './refused.js';
import type { Texts } from './texts/texts.js';
import type { Deed, View } from './view.js';

/** @param change whether another file can be chosen here */
export function firmwareBox(view: View, change = true): HTMLElement | undefined {
  const { texts, state, language, files } = view;
  const { firmware } = state;
  if (!firmware) return undefined;
  const notes = translation(firmware.notes, language);
  return h(
    'div',
    { class: 'box' },
    h('h3', {}, texts.steps.firmware),
    facts(firmwareRows(firmware, texts, translation(firmware.name, language))),
    firmware.facts === undefined && note('warn', '!', texts.plainImage),
    notes !== undefined &&
      h('details', {}, h('summary', {}, texts.notes), h('p', { class: 'notes' }, notes)),
    firmware.warnings.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, texts.warnings),
        list(firmware.warnings.map(({ message }) => message)),
      ),
    more(texts, fileRows(firmware, texts)),
    change && files && actions(button(view, 'other-firmware', texts.otherFile, 'link')),
  );
}

type Row = readonly [name: string, value: string | undefined, code?: boolean];

function firmwareRows(
  { facts: said, file }: Firmware,
  texts: Texts,
  name: string | undefined,
): Row[] {
  if (!said) return [[texts.file, file]];
  const [first, last] = said.hardware;
  const any = first === 0 && last === 0xffff;
  return [
    [texts.product, productText(name, said.product ?? texts.anyProduct)],
    [texts.version, said.version],
    [texts.hardware, any ? texts.anyHardware : texts.hardwareRange(first, last)],
  ];
}

function fileRows({ facts: said, file, size, sha256 }: Firmware, texts: Texts): Row[] {
  const signature = said?.signature ? texts.signedBy(said.signature.keyId) : texts.unsigned;
  return [
    [texts.file, file],
    [texts.size, texts.bytes(size)],
    [texts.hash, sha256, true],
    [texts.signature, said && signature],
  ];
}

/** What people call it, and what the device is compared by */
function productText(name: string | undefined, id: string): string {
  return name === undefined || name === id ? id : `${name} (${id})`;
}

/** @param updated what was installed and running before is not told any more */
export function deviceBox(device: DeviceFacts, texts: Texts, updated = false): HTMLElement {
  const { installed } = device;
  const before = installed
    ? installed.complete
      ? `${installed.version} (${texts.bytes(installed.size)})`
      : texts.incomplete
    : texts.nothingInstalled;
  const running =
    device.bootloader === undefined ? texts.application : texts.bootloader(device.bootloader);
  return h(
    'div',
    { class: 'box' },
    h('h3', {}, texts.steps.device),
    facts([
      [texts.product, device.product],
      [texts.hardware, device.product === undefined ? undefined : String(device.hardware)],
      [texts.serial, device.serial],
      [texts.installed, updated ? undefined : before],
    ]),
    more(texts, [
      [texts.part, device.part],
      [texts.uniqueId, device.uniqueId, true],
      [texts.running, updated ? undefined : running],
    ]),
  );
}

/** What only some want to know */
function more(texts: Texts, rows: readonly Row[]): HTMLElement {
  return h('details', {}, h('summary', {}, texts.technical), facts(rows));
}

/** Rows without a value are left out. */
function facts(rows: readonly Row[]): HTMLElement {
  return h(
    'dl',
    {},
    ...rows.flatMap(([name, value, code]) =>
      value ? [h('dt', {}, name), h('dd', code ? { class: 'mono' } : {}, value)] : [],
    ),
  );
}

export function faultNote(fault: Fault, texts: Texts, after?: string): HTMLElement {
  const { cause, remedy } = texts.errors[fault.code];
  const refused = refusedOf(fault);
  const element = note('bad', '✗', refused === undefined ? cause : texts.refused[refused], after);
  element.dataset.fault = fault.code;
  element.append(h('p', {}, h('strong', {}, `${texts.whatToDo}: `), remedy));
  return element;
}

/** The mark says the same as the colour. */
export function note(kind: string, mark: string, text: string, more?: string): HTMLElement {
  return h(
    'div',
    { class: `box note ${kind}` },
    h('p', {}, h('span', { class: 'mark', 'aria-hidden': 'true' }, mark), text),
    more !== undefined && h('p', {}, more),
  );
}

export function technical({ code, message, details }: Fault, texts: Texts): HTMLElement {
  return h(
    'details',
    {},
    h('summary', {}, texts.technical),
    h('p', { lang: 'en', class: 'mono' }, `${code}: ${message}`),
    facts(Object.entries(details).map(([key, value]) => [key, String(value)] as const)),
  );
}

export function reportBox(view: View): HTMLElement {
  const { texts } = view;
  return h(
    'div',
    { class: 'report' },
    h('h3', {}, texts.report),
    actions(
      button(view, 'copy', texts.copy),
      button(view, 'save-text', texts.saveText),
      button(view, 'save-json', texts.saveJson),
    ),
  );
}

export function list(lines: readonly string[]): HTMLElement {
  return h('ul', { lang: 'en' }, ...lines.map((line) => h('li', {}, line)));
}

export function actions(...buttons: readonly (Node | false | undefined)[]): HTMLElement {
  return h('div', { class: 'actions' }, ...buttons);
}

export function button(view: View, deed: Deed, text: string, look = ''): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: look, 'data-do': deed, click: () => view.act(deed) },
    text,
  );
}
