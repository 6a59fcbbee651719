// Which serial ports a browser knows: the usual adapters, what to call a port, and one port told from another.

/** What Web Serial tells of a port; nothing for one that is on no USB */
export interface WebPortInfo {
  readonly usbVendorId?: number | undefined;
  readonly usbProductId?: number | undefined;
}

/** A port as far as it has to be told from others */
export interface NamedPort {
  getInfo(): WebPortInfo;
}

/** A port among those that a page may use. JSON: it can be kept, and sent to a worker, which a port can not. */
export interface WebPortId extends WebPortInfo {
  /** Among ports that look alike, from 0 */
  readonly nth: number;
}

interface Maker {
  readonly vendorId: number;
  readonly name: string;
  /** What its products are called */
  readonly products: Readonly<Record<number, string>>;
}

/** USB adapters and debug probes with a serial port */
const MAKERS: readonly Maker[] = [
  {
    vendorId: 0x0403,
    name: 'FTDI',
    products: {
      24577: 'FT232R',
      24592: 'FT2232',
      24593: 'FT4232',
      24596: 'FT232H',
      24597: 'FT-X',
    },
  },
  {
    vendorId: 0x10c4,
    name: 'Silicon Labs',
    products: { 60000: 'CP210x', 60016: 'CP2105', 60017: 'CP2108' },
  },
  {
    vendorId: 0x1a86,
    name: 'WCH',
    products: {
      21795: 'CH341',
      21971: 'CH343',
      21972: 'CH9102',
      29986: 'CH340K',
      29987: 'CH340',
    },
  },
  {
    vendorId: 0x067b,
    name: 'Prolific',
    products: { 8963: 'PL2303', 9123: 'PL2303GC', 9155: 'PL2303GT' },
  },
  {
    vendorId: 0x0483,
    name: 'STMicroelectronics',
    products: {
      14155: 'ST-LINK/V2-1',
      14158: 'STLINK-V3',
      14159: 'STLINK-V3',
      14163: 'STLINK-V3',
      14164: 'STLINK-V3',
      22336: 'virtual COM port',
    },
  },
  { vendorId: 0x1366, name: 'SEGGER', products: { 261: 'J-Link' } },
  { vendorId: 0x0d28, name: 'Arm', products: { 516: 'DAPLink' } },
  { vendorId: 0x04d8, name: 'Microchip', products: { 221: 'MCP2221', 223: 'MCP2200' } },
  { vendorId: 0x2e8a, name: 'Raspberry Pi', products: { 12: 'Debug Probe' } },
];

/**
 * For requestPort(): the makers of adapters, whatever the product, because manufacturers give adapters numbers of their own. A port
 * that is on no USB, and an adapter of another maker, are chosen without filters.
 */
export const adapterFilters: readonly { readonly usbVendorId: number }[] = MAKERS.map(
  ({ vendorId }) => ({ usbVendorId: vendorId }),
);

/** What a port is called in every language, as "FTDI FT232R (0403:6001)"; undefined for one that is on no USB. */
export function describePort(port: NamedPort): string | undefined {
  const { usbVendorId, usbProductId } = port.getInfo();
  if (usbVendorId === undefined) return undefined;
  const maker = MAKERS.find(({ vendorId }) => vendorId === usbVendorId);
  const product = maker?.products[usbProductId ?? -1];
  const ids = [usbVendorId, ...(usbProductId === undefined ? [] : [usbProductId])]
    .map((id) => id.toString(16).padStart(4, '0'))
    .join(':');
  return [maker?.name ?? 'USB', ...(product ? [product] : []), `(${ids})`].join(' ');
}

/** Whether two ports look alike: Web Serial tells no serial numbers. */
export function samePort(a: WebPortInfo, b: WebPortInfo): boolean {
  return a.usbVendorId === b.usbVendorId && a.usbProductId === b.usbProductId;
}

/** @param ports those that getPorts() gives, `port` among them */
export function portId<P extends NamedPort>(port: P, ports: readonly P[]): WebPortId {
  const { usbVendorId, usbProductId } = port.getInfo();
  const alike = ports.filter((other) => samePort(other.getInfo(), port.getInfo()));
  const nth = Math.max(0, alike.indexOf(port));
  return { usbVendorId, usbProductId, nth };
}

/**
 * The port with this id; undefined if the page has no permission for such a port, or it is not plugged in.
 * @param ports those that getPorts() gives: in a page and in its workers they are in the same order
 */
export function findPort<P extends NamedPort>(ports: readonly P[], id: WebPortId): P | undefined {
  return ports.filter((port) => samePort(port.getInfo(), id))[id.nth];
}
