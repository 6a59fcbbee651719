// What is left of an update: for programs, and for people.
import { describe, expect, test } from 'vitest';
import type { State } from '../../host/web/flow.js';
import { reportJson, reportOf, reportText, resultLines } from '../../host/web/report.js';
import { NAMES } from './named-texts.js';
import { device, fault, firmware, plain, result } from './samples.js';

const now = new Date('2026-01-02T03:04:05Z');
const port = { kind: 'serial', id: { nth: 0 }, name: 'FTDI' } as const;
const done: State = { step: { at: 'done', result }, firmware, port, device, warnings: ['slow'] };
const failed: State = {
  step: { at: 'failed', fault, stage: 'find' },
  firmware: plain,
  port: { kind: 'demo' },
  warnings: [],
};

const lines = (state: State): string[] =>
  reportText(reportOf(state, now, 'Browser 1'), NAMES).split('\n');

describe('of a success', () => {
  test('has all that is known, and what only people read is left out', () => {
    const { name: _, notes: __, ...told } = firmware;
    const report = reportOf(done, now, 'Browser 1');
    expect(report).toStrictEqual({
      report: 'iap-update',
      format: 1,
      time: '2026-01-02T03:04:05.000Z',
      ok: true,
      demo: false,
      protocol: expect.stringMatching(/^\d+\.\d+$/),
      browser: 'Browser 1',
      port: 'FTDI',
      firmware: told,
      device,
      result,
      warnings: ['slow'],
    });
    expect(JSON.parse(reportJson(report))).toEqual(report);
    expect(reportJson(report)).toMatch(/^\{\n {2}"report": "iap-update",\n.*\}\n$/s);
  });

  test('is read line by line', () => {
    expect(lines(done)).toEqual([
      'report: 2026-01-02T03:04:05.000Z',
      'doneTitle',
      'file: pump.iap',
      'product: PUMP-2',
      'version: 1.4.0',
      'size: bytes(5000)',
      'hash: abababababababababababababababababababababababababababababababab',
      'part: stm32f103xb',
      'serial: SN1',
      'uniqueId: 010101010101010101010101',
      'started',
      'doneFacts(bytes(4900), seconds(61))',
      'warnings: slow',
      'FTDI',
      'Browser 1',
      '',
    ]);
  });
});

describe('of a failure', () => {
  test('has what is known', () => {
    expect(reportOf(failed, now, 'Browser 1')).toStrictEqual({
      report: 'iap-update',
      format: 1,
      time: '2026-01-02T03:04:05.000Z',
      ok: false,
      demo: true,
      protocol: expect.any(String),
      browser: 'Browser 1',
      firmware: plain,
      fault,
      warnings: [],
    });
  });

  test('is read line by line', () => {
    expect(lines(failed)).toEqual([
      'report: 2026-01-02T03:04:05.000Z',
      'failedTitle',
      'demoNotice',
      'file: app.bin',
      'size: bytes(3000)',
      'hash: cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd',
      'LINK_LOST: errors.LINK_LOST.cause',
      'technical: nobody answers',
      'resumable: true',
      'rate: 9600',
      'Browser 1',
      '',
    ]);
  });

  test('before there was any firmware, at a port that has no name', () => {
    const step = { at: 'firmware', fault } as const;
    const nameless = { kind: 'serial', id: { nth: 0 } } as const;
    const state: State = { step, port: nameless, warnings: [] };
    expect(reportOf(state, now, 'B')).not.toHaveProperty('port');
    expect(lines(state)).toEqual([
      'report: 2026-01-02T03:04:05.000Z',
      'failedTitle',
      'LINK_LOST: errors.LINK_LOST.cause',
      'technical: nobody answers',
      'resumable: true',
      'rate: 9600',
      'Browser 1',
      '',
    ]);
    expect(lines({ step: { at: 'firmware' }, warnings: [] })).toEqual([
      'report: 2026-01-02T03:04:05.000Z',
      'failedTitle',
      'Browser 1',
      '',
    ]);
  });
});

test.each([
  [{}, ['started', 'doneFacts(bytes(4900), seconds(61))']],
  [{ boot: 'unconfirmed' }, ['startUnconfirmed', 'doneFacts(bytes(4900), seconds(61))']],
  [{ boot: 'no' }, ['notStarted', 'doneFacts(bytes(4900), seconds(61))']],
  [{ seconds: 0.2 }, ['started', 'doneFacts(bytes(4900), seconds(1))']],
  [{ seconds: 61.6 }, ['started', 'doneFacts(bytes(4900), seconds(62))']],
  [{ changed: false }, ['doneSame']],
] as const)('an update with %j: %j', (changed, said) => {
  expect(resultLines({ ...result, ...changed }, NAMES)).toEqual(said);
});
