// What is shown of each step: a heading, facts, and buttons.
import {
  actions,
  button,
  deviceBox,
  faultNote,
  firmwareBox,
  list,
  note,
  reportBox,
  technical,
} from './boxes.js';
import type { DeviceFacts } from './device-facts.js';
import { h } from './dom.js';
import type { State, Step } from './flow.js';
import { resultLines } from './report.js';
import type { Texts } from './texts/texts.js';
import type { View } from './view.js';

export interface Panel {
  readonly title: string;
  readonly content: readonly (Node | undefined)[];
}

export function panelOf(view: View): Panel {
  const { step } = view.state;
  switch (step.at) {
    case 'loading':
      return { title: view.texts.loading, content: [] };
    case 'firmware':
      return firmwarePanel(view, step);
    case 'port':
      return portPanel(view, step);
    case 'finding':
      return {
        title: view.texts.finding,
        content: [
          h('progress', { 'aria-label': view.texts.finding }),
          actions(button(view, 'stop', view.texts.cancel)),
        ],
      };
    case 'found':
      return foundPanel(view, step);
    case 'updating':
      return updatingPanel(view, step);
    case 'lost':
      return lostPanel(view, step);
    case 'done':
      return donePanel(view, step);
    case 'failed':
      return failedPanel(view, step);
  }
}

type At<Name extends Step['at']> = Extract<Step, { readonly at: Name }>;

function firmwarePanel(view: View, { fault }: At<'firmware'>): Panel {
  const { texts, files, demo, manifest } = view;
  return {
    title: texts.chooseFirmware,
    content: [
      fault && faultNote(fault, texts),
      files
        ? h(
            'div',
            { class: 'drop' },
            h('p', {}, texts.dropHere),
            actions(button(view, 'choose-file', texts.chooseFile, 'main')),
            h('p', { class: 'muted small' }, texts.fileKinds),
          )
        : undefined,
      actions(
        manifest && button(view, 'reload', texts.offeredFile),
        demo && button(view, 'demo-firmware', texts.demoFirmware, 'link'),
      ),
      fault && technical(fault, texts),
      files ? view.settings(true) : undefined,
    ],
  };
}

function portPanel(view: View, { fault }: At<'port'>): Panel {
  const { texts, knownPort, demo, state } = view;
  const unable = state.firmware?.demo ? undefined : view.unable;
  const shown = unable ?? fault;
  const serial = !unable && !state.firmware?.demo;
  return {
    title: texts.connect,
    content: [
      firmwareBox(view),
      shown && faultNote(shown, texts),
      serial ? h('p', {}, texts.connectHow) : undefined,
      serial
        ? actions(
            knownPort !== undefined && button(view, 'last-port', texts.lastPort(knownPort), 'main'),
            button(view, 'choose-port', texts.choosePort, knownPort === undefined ? 'main' : ''),
          )
        : undefined,
      actions(
        serial && button(view, 'all-ports', texts.allPorts, 'link'),
        demo && button(view, 'demo-device', texts.demoDevice, 'link'),
      ),
      state.firmware ? view.settings(false) : undefined,
    ],
  };
}

function foundPanel(view: View, { device, fault }: At<'found'>): Panel {
  const { texts } = view;
  return {
    title: fault ? texts.refusedTitle : texts.foundTitle,
    content: [
      deviceBox(device, texts),
      fault ? faultNote(fault, texts, texts.nothingChanged) : fitsNote(view, device),
      firmwareBox(view, !fault),
      actions(
        !fault && button(view, 'install', texts.install, 'main'),
        fault && view.files && button(view, 'other-firmware', texts.otherFile, 'main'),
        button(view, 'other-port', texts.otherPort),
      ),
      fault && technical(fault, texts),
    ],
  };
}

/** An application may not know of which product it is; its bootloader always does. */
function fitsNote({ texts, state: { firmware } }: View, device: DeviceFacts): HTMLElement {
  const same = device.installed?.complete && device.installed.sha256 === firmware?.sha256;
  const after = same ? texts.sameInstalled : undefined;
  const untold = device.running === 'application' && device.product === undefined;
  return untold && firmware?.facts?.product !== undefined
    ? note('', 'i', texts.fitsUntold, after)
    : note('good', '✓', texts.fits, after);
}

function updatingPanel(view: View, { phase, progress, resumed, again }: At<'updating'>): Panel {
  const { texts, state } = view;
  const doing = again ? texts.lookingAgain : texts.phases[phase];
  const bar = h('progress', { max: 1, 'aria-label': texts.updating, 'data-progress': true });
  const figures = h('div', { class: 'figures muted', 'data-figures': true });
  return {
    title: resumed ? texts.resuming : texts.updating,
    content: [
      h('p', { 'data-doing': true }, doing),
      h('div', {}, bar, figures),
      h('p', { class: 'muted small' }, texts.keepPlugged),
      state.device && deviceBox(state.device, texts),
      progress || phase !== 'waiting'
        ? undefined
        : h('p', { class: 'small' }, texts.waitForResetHow),
      actions(button(view, 'stop', texts.stop)),
    ],
  };
}

/** What changes while it is shown */
export function showProgress(
  panel: Element,
  { progress, phase, again }: At<'updating'>,
  texts: Texts,
): void {
  const bar = panel.querySelector<HTMLProgressElement>('[data-progress]');
  const figures = panel.querySelector('[data-figures]');
  const doing = panel.querySelector('[data-doing]');
  if (!bar || !figures || !doing) return;
  doing.textContent = again ? texts.lookingAgain : texts.phases[phase];
  if (!progress) {
    bar.removeAttribute('value');
    return;
  }
  const share = progress.bytesTotal === 0 ? 1 : progress.bytesDone / progress.bytesTotal;
  bar.value = share;
  // What is not done is not said to be: never rounded up.
  const percent = Math.floor(100 * share);
  const { bytesDone, bytesTotal, rate, secondsLeft } = progress;
  const done = texts.progress(percent, kilobytes(bytesDone), kilobytes(bytesTotal));
  const pace =
    rate > 0
      ? texts.rateAndTime((rate / 1000).toFixed(1), texts.seconds(Math.ceil(secondsLeft)))
      : '';
  figures.replaceChildren(h('span', {}, done), h('span', {}, pace));
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}

function lostPanel(view: View, { fault }: At<'lost'>): Panel {
  const { texts } = view;
  return {
    title: texts.lostTitle,
    content: [
      faultNote(fault, texts, texts.lostHow),
      h('p', { class: 'small muted' }, texts.lostChoose),
      actions(
        button(view, 'choose-port', texts.chooseAgain, 'main'),
        button(view, 'stop', texts.giveUp),
      ),
      actions(button(view, 'all-ports', texts.allPorts, 'link')),
    ],
  };
}

function donePanel(view: View, { result }: At<'done'>): Panel {
  const { texts, state } = view;
  return {
    title: texts.doneTitle,
    content: [
      note('good', '✓', ...resultLines(result, texts)),
      ...warningsOf(state, texts),
      firmwareBox(view, false),
      state.device && deviceBox(state.device, texts, true),
      actions(button(view, 'other-port', texts.another, 'main')),
      reportBox(view),
    ],
  };
}

function failedPanel(view: View, { fault, stage }: At<'failed'>): Panel {
  const { texts, state } = view;
  const silent = SILENT.has(fault.code);
  const goesOn = state.only !== undefined;
  const after = goesOn ? texts.canGoOn : stage === 'find' ? texts.nothingChanged : undefined;
  return {
    title: stage === 'find' ? texts.unreachableTitle : texts.failedTitle,
    content: [
      faultNote(fault, texts, after),
      ...warningsOf(state, texts),
      silent ? h('p', { class: 'small' }, texts.waitForResetHow) : undefined,
      actions(
        button(view, 'again', goesOn ? texts.goOn : texts.again, 'main'),
        silent && button(view, 'wait', texts.waitForReset),
        button(view, 'other-port', goesOn ? texts.forget : texts.otherPort),
      ),
      technical(fault, texts),
      reportBox(view),
    ],
  };
}

/** Nobody is there who could have been disturbed: a reset helps. */
const SILENT: ReadonlySet<string> = new Set([
  'NO_ANSWER',
  'NOT_OUR_DEVICE',
  'ENTER_FAILED',
  'LINK_LOST',
]);

function warningsOf({ warnings }: State, texts: Texts): Node[] {
  return warnings.length === 0
    ? []
    : [h('details', {}, h('summary', {}, texts.warnings), list(warnings))];
}
