// Intel HEX and S-record files, record by record: in which forms they are taken, and by which line and address they are refused.
import { describe, expect, test } from 'vitest';
import type { IapError } from '../../host/base/errors.js';
import { readIntelHex } from '../../host/image/intel-hex.js';
import { loadFile } from '../../host/image/load.js';
import { readSRecord } from '../../host/image/s-record.js';
import { ihex, srecord } from '../support/records.js';
import { refusal } from '../support/refusal.js';
import { latin1, utf8 } from '../support/text-bytes.js';

const refused = (text: string, name: string): IapError =>
  refusal(() => loadFile(utf8(text), { name }));

const HEX = [
  ihex('020000040800'),
  ihex('10800000005000200980000801020304050607AB'),
  ihex('0480100011223344'),
  ':00000001FF',
];
const SREC = [
  srecord('S0', '060000484452'),
  srecord('S3', '1508008000005000200980000801020304050607AB'),
  srecord('S3', '090800801011223344'),
  srecord('S5', '030002'),
  srecord('S7', '0508008009'),
];

describe('forms', () => {
  const hexBytes = loadFile(utf8(HEX.join('\n')), { name: 'a.hex' }).image;
  test('the two samples hold the same', () => {
    expect(loadFile(utf8(SREC.join('\n')), { name: 'a.s37' }).image).toEqual(hexBytes);
    expect(hexBytes.bytes.length).toBe(20);
  });
  test.each<[string, (l: string[]) => string]>([
    ['Ctrl-Z at the end, as XMODEM pads', (l) => `${l.join('\r\n')}\r\n${'\x1a'.repeat(70)}`],
    ['zeros at the end', (l) => l.join('\n') + '\0'.repeat(500)],
    ['erased flash at the end', (l) => `${l.join('\n')}\n${'\xff'.repeat(500)}`],
    ['padding of every kind, and line ends', (l) => `${l.join('\n')} \n\x1a\r\n\0\0 \xff\n`],
    ['the mark of UTF-8 at the start', (l) => `\xef\xbb\xbf${l.join('\r\n')}`],
    ['everything said twice', (l) => [...l.slice(0, 3), ...l.slice(0, 3), l.at(-1)].join('\n')],
    ['LF', (l: string[]) => `${l.join('\n')}\n`],
    ['no line end at the end', (l: string[]) => l.join('\n')],
    ['CR LF', (l: string[]) => `${l.join('\r\n')}\r\n`],
    ['CR', (l: string[]) => l.join('\r')],
    ['empty lines and spaces', (l: string[]) => `\n  ${l.join('  \n\n\t')}\n \n\n`],
    ['small letters', (l: string[]) => l.join('\n').toLowerCase()],
    ['mixed case', (l: string[]) => l.map((t, i) => (i % 2 ? t.toLowerCase() : t)).join('\n')],
  ])('%s', (_what, form) => {
    expect(loadFile(latin1(form(HEX)), { name: 'a.hex' }).image).toEqual(hexBytes);
    expect(loadFile(latin1(form(SREC)), { name: 'a.s37' }).image).toEqual(hexBytes);
    expect(loadFile(latin1(form(HEX)), { name: 'no-extension' }).format).toBe('intel-hex');
    expect(loadFile(latin1(form(SREC)), { name: 'no-extension' }).format).toBe('s-record');
  });

  test('what is said again may be a part, or reach over several records', () => {
    const again = [
      ihex('0480020000200980'),
      ihex('14800000005000200980000801020304050607AB11223344'),
    ];
    const lines = HEX.toSpliced(3, 0, ...again, ihex('04800E0007AB1122'), ihex('048014000A0B0C0D'));
    expect(loadFile(utf8(lines.join('\n'))).image.bytes).toEqual(
      Uint8Array.of(...hexBytes.bytes, 10, 11, 12, 13),
    );
    const wrong = lines.toSpliced(3, 0, ihex('0280100011FF'));
    expect(refused(wrong.join('\n'), 'a.hex').details).toMatchObject({ address: '0x08008011' });
  });

  test('Intel HEX with extended segment addresses', () => {
    const text = [ihex('020000021000'), ihex('0400100001020304'), ':00000001FF'].join('\n');
    expect(readIntelHex(utf8(text)).segments).toEqual([
      { address: 0x1_0010, bytes: Uint8Array.of(1, 2, 3, 4), line: 2 },
    ]);
  });

  test('S-record with each width of address', () => {
    const data = [srecord('S1', '0510000102'), srecord('S2', '061000000304')];
    const text = [...data, srecord('S9', '030000')].join('\n');
    expect(readSRecord(utf8(text)).segments).toEqual([
      { address: 0x1000, bytes: Uint8Array.of(1, 2), line: 1 },
      { address: 0x10_0000, bytes: Uint8Array.of(3, 4), line: 2 },
    ]);
  });
});

describe('refused, by file, line and address', () => {
  // biome-ignore format: a table is read by its rows
  const hex: [string, (l: string[]) => string[], string, object][] = [
    ['a wrong checksum', (l) => l.with(2, ':048010001122334401'), 'line 3: the checksum is 01, but the bytes of the record give C2', { problem: 'checksum', line: 3 }],
    ['a record cut short', (l) => l.with(1, ':10800000005000'), 'line 2: the record says 16 bytes of data and has 2', { problem: 'cut-off', line: 2 }],
    ['a record of four bytes', (l) => l.with(1, ':10800000'), 'line 2: the record is cut off', { problem: 'cut-off', line: 2 }],
    ['half a byte', (l) => l.with(1, ':1080000000500'), 'line 2: the record has half a byte', { problem: 'cut-off', line: 2 }],
    ['a record too long', (l) => l.with(3, ':0000000100FF'), 'line 4: the record says 0 bytes of data and has 1', { problem: 'record-length', line: 4 }],
    ['text', (l) => l.with(1, 'hello'), 'line 2: "hello" is no record', { problem: 'not-a-record', line: 2 }],
    ['a type that is none', (l) => l.with(2, ihex('00000006')), 'line 3: there is no record type 06', { problem: 'record-type', line: 3 }],
    ['no end record', (l) => l.slice(0, -1), 'it is cut off: its end record (:00000001FF) is missing', { problem: 'no-end' }],
    ['data behind the end', (l) => [...l, l[1] ?? ''], 'line 5: there is more after the end record in line 4', { problem: 'after-end', line: 5 }],
    ['text behind the end', (l) => [...l, '; built by'], 'line 5: "; built by" is no record', { problem: 'not-a-record', line: 5 }],
    ['overlap', (l) => l.toSpliced(2, 0, ihex('01800F0000')), 'line 3: the 1 byte for 0x0800800F overlap others (line 2) that reach up to 0x0800800F', { problem: 'overlap', line: 3, address: '0x0800800F' }],
    ['padding before the end record', (l) => l.toSpliced(3, 0, '\x1a\x1a'), 'line 4: "??" is no record', { problem: 'not-a-record', line: 4 }],
    ['a record over the end of its block', (l) => l.toSpliced(2, 0, ihex('02FFFF000102')), 'line 3: the record reaches over the end of its 64 KB block', { problem: 'record-address', line: 3 }],
    ['option bytes', (l) => l.toSpliced(3, 0, ihex('020000041FFF'), ihex('02F80000A55A')), 'line 5: its 2 bytes for 0x1FFFF800, the option bytes, are outside of flash', { problem: 'outside-flash', line: 5, address: '0x1FFFF800' }],
    ['RAM', (l) => l.toSpliced(3, 0, ihex('020000042000'), ihex('020000000102')), 'line 5: its 2 bytes for 0x20000000, RAM, are outside of flash', { problem: 'outside-flash', line: 5, address: '0x20000000' }],
  ];
  test.each(hex)('Intel HEX: %s', (_what, damage, text, details) => {
    const error = refused(damage(HEX).join('\n'), 'app.hex');
    expect(error.message).toContain(`app.hex (Intel HEX file) can not be used: ${text}`);
    expect(error.details).toEqual(details);
    expect(error.hint).toBeDefined();
  });

  // biome-ignore format: a table is read by its rows
  const srec: [string, (l: string[]) => string[], string, object][] = [
    ['a wrong checksum', (l) => l.with(2, 'S309080080101122334401'), 'line 3: the checksum is 01, but the bytes of the record give B4', { problem: 'checksum', line: 3 }],
    ['a wrong count', (l) => l.with(3, srecord('S5', '030003')), 'line 4: the file says 3 data records up to here, but has 2', { problem: 'record-count', line: 4 }],
    ['a wrong wide count', (l) => l.with(3, srecord('S6', '04010002')), 'line 4: the file says 65538 data records', { problem: 'record-count', line: 4 }],
    ['the reserved type', (l) => l.with(3, srecord('S4', '030002')), 'line 4: S4 records are not in use', { problem: 'record-type', line: 4 }],
    ['a record cut short', (l) => l.with(1, 'S3150800'), 'line 2: the record says 21 bytes follow, and there are 2', { problem: 'cut-off', line: 2 }],
    ['a record too long', (l) => l.with(3, 'S5030002FA00'), 'line 4: the record says 3 bytes follow, and there are 4', { problem: 'record-length', line: 4 }],
    ['no room for its address', (l) => l.with(1, srecord('S3', '030800')), 'line 2: an S3 record has 5 bytes at least, this one 3', { problem: 'record-length', line: 2 }],
    ['an end record cut short', (l) => l.with(4, srecord('S7', '030800')), 'line 5: an S7 record has 5 bytes, this one 3', { problem: 'record-length', line: 5 }],
    ['an end record with data', (l) => l.with(4, srecord('S7', '060800800900')), 'line 5: an S7 record has 5 bytes, this one 6', { problem: 'record-length', line: 5 }],
    ['no end', (l) => l.slice(0, 3), 'it is cut off: its end record (S7, S8 or S9) is missing', { problem: 'no-end' }],
    ['data behind the end', (l) => [...l, l[1] ?? ''], 'line 6: there is more after the end record in line 5', { problem: 'after-end', line: 6 }],
    ['overlap', (l) => l.toSpliced(2, 1, srecord('S3', '060800800007')), 'line 3: the 1 byte for 0x08008000 overlap others (line 2) that reach up to 0x0800800F, and differ at 0x08008000', { problem: 'overlap', line: 3, address: '0x08008000' }],
    ['over the last address', (l) => l.with(1, srecord('S3', '07FFFFFFFF0102')), 'line 2: the 2 bytes for 0xFFFFFFFF reach over the last address', { problem: 'record-address', line: 2, address: '0xFFFFFFFF' }],
  ];
  test.each(srec)('S-record: %s', (_what, damage, text, details) => {
    const error = refused(damage(SREC).join('\n'), 'app.s37');
    expect(error.message).toContain(`app.s37 (S-record file) can not be used: ${text}`);
    expect(error.details).toEqual(details);
  });

  test.each(['app.s19', 'app.s28', 'app.s37', 'app.srec', 'app.mot'])('%s that is none', (name) => {
    expect(refused('\0\x50\0\x20', name).details).toEqual({ problem: 'misnamed' });
  });
});
