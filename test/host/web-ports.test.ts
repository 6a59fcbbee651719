// Ports as a browser tells them apart.
import { describe, expect, test } from 'vitest';
import {
  adapterFilters,
  describePort,
  findPort,
  portId,
  samePort,
  type WebPortInfo,
} from '../../host/web/ports.js';

const port = (usbVendorId?: number, usbProductId?: number): { getInfo(): WebPortInfo } => ({
  getInfo: () => ({ usbVendorId, usbProductId }),
});

test.each([
  [0x0403, 0x6001, 'FTDI FT232R (0403:6001)'],
  [0x0403, 0xabcd, 'FTDI (0403:abcd)'],
  [0x1a86, 0x7523, 'WCH CH340 (1a86:7523)'],
  [0x1234, 0x0001, 'USB (1234:0001)'],
  [0x1234, undefined, 'USB (1234)'],
  [0x0403, undefined, 'FTDI (0403)'],
  [0x0012, 0x0003, 'USB (0012:0003)'],
  [undefined, undefined, undefined],
])('%s, %s is called %s', (vendor, product, name) => {
  expect(describePort(port(vendor, product))).toBe(name);
});

test('each maker is filtered once', () => {
  const vendors = adapterFilters.map(({ usbVendorId }) => usbVendorId);
  expect(new Set(vendors).size).toBe(vendors.length);
  expect(vendors).toEqual(expect.arrayContaining([0x0403, 0x10c4, 0x1a86, 0x067b, 0x0483]));
});

describe('the port of last time', () => {
  const ports = [port(1, 2), port(0x0403, 0x6001), port(1, 2), port(1, 3), port()];

  test.each([0, 1, 2, 3, 4])('%i is found again', (i) => {
    const wanted = ports[i];
    if (!wanted) throw new Error('no such port');
    const kept = JSON.parse(JSON.stringify(portId(wanted, ports)));
    expect(findPort(ports, kept)).toBe(wanted);
  });

  test('that the page may not use yet counts as the first of its kind', () => {
    expect(portId(port(1, 2), ports)).toEqual({ usbVendorId: 1, usbProductId: 2, nth: 0 });
    expect(portId(port(), [])).toEqual({ nth: 0 });
  });

  test('is not another', () => {
    const id = portId(port(1, 2), ports);
    expect(findPort([port(1, 3), port(), port(5, 2)], id)).toBeUndefined();
    expect(samePort(port(1, 2).getInfo(), port(1, 3).getInfo())).toBe(false);
    expect(samePort(port(1, 2).getInfo(), port(5, 2).getInfo())).toBe(false);
    expect(samePort(port(1, 2).getInfo(), port(1, 2).getInfo())).toBe(true);
  });
});
