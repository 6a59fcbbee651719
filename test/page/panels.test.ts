// What is shown at each step, and which buttons there are.
import { describe, expect, test } from 'vitest';
import { h } from '../../host/web/dom.js';
import type { State, Step } from '../../host/web/flow.js';
import { panelOf, showProgress } from '../../host/web/panels.js';
import type { View } from '../../host/web/view.js';
import { outline } from './dom.js';
import { NAMES } from './named-texts.js';
import { device, fault, firmware, plain, result, untold, viewOf } from './samples.js';

/** Its title, and what is below it: of firmware, device and details the headings */
function shown(state: Partial<State>, more?: Partial<View>): string[] {
  const { title, content } = panelOf(viewOf(state, more));
  return [title, ...content.flatMap((node) => (node ? outline(node, true) : []))];
}

/** What the buttons do */
function deeds(state: Partial<State>, more?: Partial<View>): unknown[] {
  const { content } = panelOf(viewOf(state, more));
  const buttons = h('div', {}, ...content).querySelectorAll('[data-do]');
  return [...buttons].map((one) => one.getAttribute('data-do'));
}

test('loading', () => {
  expect(shown({ step: { at: 'loading' } })).toEqual(['loading']);
});

describe('firmware', () => {
  const step: Step = { at: 'firmware' };

  test('is chosen, or that of the server is loaded', () => {
    expect(shown({ step })).toEqual([
      'chooseFirmware',
      'div.drop',
      '  p dropHere',
      '  div.actions',
      '    button.main[type=button][data-do=choose-file] chooseFile',
      '  p.muted.small fileKinds',
      'div.actions',
      '  button[type=button][data-do=reload] offeredFile',
      '  button.link[type=button][data-do=demo-firmware] demoFirmware',
      'fieldset[data-base]',
    ]);
  });

  test('that is wrong: why, and another one', () => {
    expect(shown({ step: { ...step, fault } })).toEqual([
      'chooseFirmware',
      'div.box.note.bad[data-fault=LINK_LOST] | ✗errors.LINK_LOST.cause | whatToDo: errors.LINK_LOST.remedy',
      'div.drop',
      '  p dropHere',
      '  div.actions',
      '    button.main[type=button][data-do=choose-file] chooseFile',
      '  p.muted.small fileKinds',
      'div.actions',
      '  button[type=button][data-do=reload] offeredFile',
      '  button.link[type=button][data-do=demo-firmware] demoFirmware',
      'details technical …',
      'fieldset[data-base]',
    ]);
  });

  test('of the server alone', () => {
    expect(shown({ step }, { files: false, demo: false })).toEqual([
      'chooseFirmware',
      'div.actions',
      '  button[type=button][data-do=reload] offeredFile',
    ]);
  });

  test('there is none on the server', () => {
    expect(deeds({ step }, { manifest: false })).toEqual(['choose-file', 'demo-firmware']);
  });
});

describe('a port', () => {
  const step: Step = { at: 'port' };

  test('is that of last time, or another', () => {
    expect(shown({ step, firmware })).toEqual([
      'connect',
      'div.box steps.firmware …',
      'p connectHow',
      'div.actions',
      '  button.main[type=button][data-do=last-port] lastPort(FTDI)',
      '  button[type=button][data-do=choose-port] choosePort',
      'div.actions',
      '  button.link[type=button][data-do=all-ports] allPorts',
      '  button.link[type=button][data-do=demo-device] demoDevice',
      'fieldset',
    ]);
  });

  test('is chosen for the first time', () => {
    expect(shown({ step, firmware }, { knownPort: undefined, demo: false })).toEqual([
      'connect',
      'div.box steps.firmware …',
      'p connectHow',
      'div.actions',
      '  button.main[type=button][data-do=choose-port] choosePort',
      'div.actions',
      '  button.link[type=button][data-do=all-ports] allPorts',
      'fieldset',
    ]);
  });

  test('was not chosen', () => {
    expect(shown({ step: { ...step, fault } })).toEqual([
      'connect',
      'div.box.note.bad[data-fault=LINK_LOST] | ✗errors.LINK_LOST.cause | whatToDo: errors.LINK_LOST.remedy',
      'p connectHow',
      'div.actions',
      '  button.main[type=button][data-do=last-port] lastPort(FTDI)',
      '  button[type=button][data-do=choose-port] choosePort',
      'div.actions',
      '  button.link[type=button][data-do=all-ports] allPorts',
      '  button.link[type=button][data-do=demo-device] demoDevice',
    ]);
  });

  const unable = { ...fault, code: 'NO_WEB_SERIAL' } as const;

  test('there can be none in this browser', () => {
    expect(shown({ step: { ...step, fault }, firmware }, { unable })).toEqual([
      'connect',
      'div.box steps.firmware …',
      'div.box.note.bad[data-fault=NO_WEB_SERIAL] | ✗errors.NO_WEB_SERIAL.cause | whatToDo: errors.NO_WEB_SERIAL.remedy',
      'div.actions',
      '  button.link[type=button][data-do=demo-device] demoDevice',
      'fieldset',
    ]);
  });

  test.each([undefined, unable])('for demo firmware the demo device alone: %j', (reason) => {
    const demo = { ...plain, demo: true } as const;
    expect(shown({ step, firmware: demo }, { unable: reason })).toEqual([
      'connect',
      'div.box steps.firmware …',
      'div.actions',
      '  button.link[type=button][data-do=demo-device] demoDevice',
      'fieldset',
    ]);
  });
});

test('a device is looked for', () => {
  expect(shown({ step: { at: 'finding' } })).toEqual([
    'finding',
    'progress[aria-label=finding]',
    'div.actions',
    '  button[type=button][data-do=stop] cancel',
  ]);
});

describe('a device is found', () => {
  const found = (of = device): Partial<State> => ({ step: { at: 'found', device: of }, firmware });

  test('that the firmware is for', () => {
    expect(shown(found())).toEqual([
      'foundTitle',
      'div.box steps.device …',
      'div.box.note.good | ✓fits',
      'div.box steps.firmware …',
      'div.actions',
      '  button.main[type=button][data-do=install] install',
      '  button[type=button][data-do=other-port] otherPort',
    ]);
  });

  test('other firmware is chosen where the one that is shown is', () => {
    expect(deeds(found())).toEqual(['other-firmware', 'install', 'other-port']);
  });

  test('that it is not for', () => {
    const step = { at: 'found', device, fault } as const;
    expect(shown({ step, firmware })).toEqual([
      'refusedTitle',
      'div.box steps.device …',
      'div.box.note.bad[data-fault=LINK_LOST] | ✗errors.LINK_LOST.cause | nothingChanged | whatToDo: errors.LINK_LOST.remedy',
      'div.box steps.firmware …',
      'div.actions',
      '  button.main[type=button][data-do=other-firmware] otherFile',
      '  button[type=button][data-do=other-port] otherPort',
      'details technical …',
    ]);
    expect(deeds({ step, firmware })).toEqual(['other-firmware', 'other-port']);
    expect(deeds({ step, firmware }, { files: false })).toEqual(['other-port']);
  });

  const installed = { version: '1.4.0', size: 5000, sha256: firmware.sha256, complete: true };
  test.each([
    ['another is installed', device, firmware, ['fits']],
    ['it is installed', { ...device, installed }, firmware, ['fits', 'sameInstalled']],
    [
      'it is installed, not all of it',
      { ...device, installed: { ...installed, complete: false } },
      firmware,
      ['fits'],
    ],
    ['nothing is installed', untold, plain, ['fits']],
    ['an application that does not know of which product it is', untold, firmware, ['fitsUntold']],
    ['its bootloader, for any product', { ...untold, running: 'bootloader' }, firmware, ['fits']],
    ['its application knows', { ...device, running: 'application' }, firmware, ['fits']],
    ['it, not knowing', { ...untold, installed }, firmware, ['fitsUntold', 'sameInstalled']],
  ] as const)('%s', (_, of, with_, said) => {
    const { content } = panelOf(viewOf({ step: { at: 'found', device: of }, firmware: with_ }));
    const [mark, kind] = said[0] === 'fits' ? ['✓', 'box note good'] : ['i', 'box note '];
    const note = content[1] as HTMLElement;
    expect(note.className).toBe(kind);
    const lines = [...note.querySelectorAll('p')].map((one) => one.textContent);
    expect(lines).toEqual([`${mark}${said[0]}`, ...said.slice(1)]);
  });
});

describe('an update', () => {
  const step = { at: 'updating', phase: 'connecting', resumed: false } as const;
  const progress = { bytesDone: 1999, bytesTotal: 4000, rate: 1234, secondsLeft: 1.2 };

  test('begins', () => {
    expect(shown({ step, device })).toEqual([
      'updating',
      'p[data-doing] phases.connecting',
      'div',
      '  progress[max=1][aria-label=updating][data-progress]',
      '  div.figures.muted[data-figures]',
      'p.muted.small keepPlugged',
      'div.box steps.device …',
      'div.actions',
      '  button[type=button][data-do=stop] stop',
    ]);
  });

  test.each([
    [{ resumed: true }, 'resuming', 'phases.connecting', 'without a hint'],
    [{ phase: 'waiting' }, 'updating', 'phases.waiting', 'with a hint'],
    [{ phase: 'waiting', progress }, 'updating', 'phases.waiting', 'without a hint'],
    [{ again: true }, 'updating', 'lookingAgain', 'without a hint'],
  ] as const)('%j: %s, %s, %s to reset', (changed, title, doing, hint) => {
    const lines = shown({ step: { ...step, ...changed } });
    expect(lines.slice(0, 2)).toEqual([title, `p[data-doing] ${doing}`]);
    expect(lines.includes('p.small waitForResetHow')).toBe(hint === 'with a hint');
  });

  const pictured = (
    ...changes: readonly Partial<Extract<Step, { at: 'updating' }>>[]
  ): string[] => {
    const panel = h('section', {}, ...panelOf(viewOf({ step })).content);
    for (const changed of changes) showProgress(panel, { ...step, ...changed }, NAMES);
    const parts = ['[data-doing]', '[data-progress]', '[data-figures]'];
    return parts.flatMap((part) => outline(panel.querySelector(part) as Element));
  };

  test('is connecting: how long that takes nobody knows', () => {
    expect(pictured({ progress }, {}).slice(0, 2)).toEqual([
      'p[data-doing] phases.connecting',
      'progress[max=1][aria-label=updating][data-progress]',
    ]);
  });

  test('sends: never said to be more than it is', () => {
    expect(pictured({ phase: 'sending', progress })).toEqual([
      'p[data-doing] phases.sending',
      'progress[max=1][aria-label=updating][data-progress][value=0.49975]',
      'div.figures.muted[data-figures]',
      '  span progress(49, 2.0 kB, 4.0 kB)',
      '  span rateAndTime(1.2, seconds(2))',
    ]);
  });

  test('has nothing to send', () => {
    const none = { bytesDone: 0, bytesTotal: 0, rate: 0, secondsLeft: 0 };
    expect(pictured({ phase: 'sending', progress: none })).toEqual([
      'p[data-doing] phases.sending',
      'progress[max=1][aria-label=updating][data-progress][value=1]',
      'div.figures.muted[data-figures]',
      '  span progress(100, 0.0 kB, 0.0 kB)',
      '  span',
    ]);
  });

  test('is interrupted', () => {
    expect(pictured({ progress, again: true })[0]).toContain('lookingAgain');
  });

  test.each(['[data-doing]', '[data-progress]', '[data-figures]'])('without %s', (part) => {
    const panel = h('section', {}, ...panelOf(viewOf({ step })).content);
    panel.querySelector(part)?.remove();
    const before = panel.outerHTML;
    showProgress(panel, { ...step, phase: 'sending', progress }, NAMES);
    expect(panel.outerHTML).toBe(before);
  });
});

test('a port that is lost may come back as any other', () => {
  expect(shown({ step: { at: 'lost', fault } })).toEqual([
    'lostTitle',
    'div.box.note.bad[data-fault=LINK_LOST] | ✗errors.LINK_LOST.cause | lostHow | whatToDo: errors.LINK_LOST.remedy',
    'p.small.muted lostChoose',
    'div.actions',
    '  button.main[type=button][data-do=choose-port] chooseAgain',
    '  button[type=button][data-do=stop] giveUp',
    'div.actions',
    '  button.link[type=button][data-do=all-ports] allPorts',
  ]);
});

describe('done', () => {
  const done = { step: { at: 'done', result }, firmware, device } as const;

  test('with a report', () => {
    expect(shown(done)).toEqual([
      'doneTitle',
      'div.box.note.good | ✓started | doneFacts(bytes(4900), seconds(61))',
      'div.box steps.firmware …',
      'div.box steps.device …',
      'div.actions',
      '  button.main[type=button][data-do=other-port] another',
      'div.report report …',
    ]);
  });

  test('with what was told meanwhile, of whoever it is', () => {
    const { device: _, ...rest } = done;
    expect(shown({ ...rest, warnings: ['slow'] })).toEqual([
      'doneTitle',
      'div.box.note.good | ✓started | doneFacts(bytes(4900), seconds(61))',
      'details warnings …',
      'div.box steps.firmware …',
      'div.actions',
      '  button.main[type=button][data-do=other-port] another',
      'div.report report …',
    ]);
  });

  test('firmware is not chosen any more, and what was there before is not told', () => {
    expect(deeds(done)).toEqual(['other-port', 'copy', 'save-text', 'save-json']);
    const { content } = panelOf(viewOf(done));
    expect(h('div', {}, ...content).textContent).not.toContain('installed');
  });

  test('what was told is to be seen', () => {
    const { content } = panelOf(viewOf({ ...done, warnings: ['slow', 'odd'] }));
    expect(outline(content[1] as Node)).toEqual([
      'details',
      '  summary warnings',
      '  ul[lang=en]',
      '    li slow',
      '    li odd',
    ]);
  });
});

describe('failed', () => {
  const failed = (stage: 'find' | 'update', code = fault.code): Step => ({
    at: 'failed',
    stage,
    fault: { ...fault, code },
  });

  test('nobody answers', () => {
    expect(shown({ step: failed('find', 'NO_ANSWER'), warnings: ['slow'] })).toEqual([
      'unreachableTitle',
      'div.box.note.bad[data-fault=NO_ANSWER] | ✗errors.NO_ANSWER.cause | nothingChanged | whatToDo: errors.NO_ANSWER.remedy',
      'details warnings …',
      'p.small waitForResetHow',
      'div.actions',
      '  button.main[type=button][data-do=again] again',
      '  button[type=button][data-do=wait] waitForReset',
      '  button[type=button][data-do=other-port] otherPort',
      'details technical …',
      'div.report report …',
    ]);
  });

  test('an update ended early, and wrote nothing', () => {
    expect(shown({ step: failed('update', 'REFUSED') })).toEqual([
      'failedTitle',
      'div.box.note.bad[data-fault=REFUSED] | ✗errors.REFUSED.cause | whatToDo: errors.REFUSED.remedy',
      'div.actions',
      '  button.main[type=button][data-do=again] again',
      '  button[type=button][data-do=other-port] otherPort',
      'details technical …',
      'div.report report …',
    ]);
  });

  test('it can be gone on with', () => {
    expect(shown({ step: failed('update', 'INTERRUPTED'), only: '01' })).toEqual([
      'failedTitle',
      'div.box.note.bad[data-fault=INTERRUPTED] | ✗errors.INTERRUPTED.cause | canGoOn | whatToDo: errors.INTERRUPTED.remedy',
      'div.actions',
      '  button.main[type=button][data-do=again] goOn',
      '  button[type=button][data-do=other-port] forget',
      'details technical …',
      'div.report report …',
    ]);
  });

  test.each(['NO_ANSWER', 'NOT_OUR_DEVICE', 'ENTER_FAILED', 'LINK_LOST'] as const)(
    'after %s a reset helps',
    (code) => {
      expect(deeds({ step: failed('update', code) })).toContain('wait');
    },
  );
});
