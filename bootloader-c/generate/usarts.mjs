// @ts-check
// Which pins, interrupt, DMA channel and clock a USART has in each family. Reference manuals RM0008 (tables 63, 78 and
// section 9.3.8), RM0091 (table 29), RM0316 (table 78); pins from the data sheets, those that every package has.

/**
 * @typedef {{ tx: string, rx: string, txFunction?: number, rxFunction?: number, remap?: number }} Pins
 * @typedef {{ channel: number, irq: number, pins: readonly Pins[], de?: readonly Enable[] }} Usart
 * @typedef {readonly [pin: string, function: number]} Enable a pin that can be driver enable, and its alternate function
 */

/** @param {string} tx @param {string} rx @param {number} number @returns {Pins} */
const alternate = (tx, rx, number) => ({ tx, rx, txFunction: number, rxFunction: number });

/** By number. `remap` is AFIO_MAPR of the STM32F1, a function the pin's alternate one. @type {Readonly<Record<string, readonly Usart[]>>} */
const USARTS = {
  stm32f0: [
    {
      channel: 3,
      irq: 27,
      pins: [alternate('PA9', 'PA10', 1), alternate('PB6', 'PB7', 0)],
      de: [['PA12', 1]],
    },
    {
      channel: 5,
      irq: 28,
      pins: [alternate('PA2', 'PA3', 1), alternate('PA14', 'PA15', 1)],
      de: [['PA1', 1]],
    },
    {
      channel: 6,
      irq: 29,
      pins: [alternate('PB10', 'PB11', 4), alternate('PC10', 'PC11', 1)],
      de: [['PB14', 4]],
    },
  ],
  stm32f1: [
    {
      channel: 5,
      irq: 37,
      pins: [
        { tx: 'PA9', rx: 'PA10' },
        { tx: 'PB6', rx: 'PB7', remap: 4 },
      ],
    },
    { channel: 6, irq: 38, pins: [{ tx: 'PA2', rx: 'PA3' }] },
    { channel: 3, irq: 39, pins: [{ tx: 'PB10', rx: 'PB11' }] },
  ],
  stm32f3: [
    {
      channel: 5,
      irq: 37,
      pins: [alternate('PA9', 'PA10', 7), alternate('PB6', 'PB7', 7), alternate('PC4', 'PC5', 7)],
      de: [['PA12', 7]],
    },
    {
      channel: 6,
      irq: 38,
      pins: [alternate('PA2', 'PA3', 7), alternate('PB3', 'PB4', 7)],
      de: [['PA1', 7]],
    },
    {
      channel: 3,
      irq: 39,
      pins: [alternate('PB10', 'PB11', 7), alternate('PC10', 'PC11', 7)],
      de: [['PB14', 7]],
    },
  ],
};
const BASES = [0x40013800, 0x40004400, 0x40004800];
/** In RCC_APB2ENR, and RCC_APB1ENR for the others */
const CLOCK_BITS = [14, 17, 18];
/** Product ids of parts that have no USART3: F030x4 to x8, F03x, F04x, F05x */
const WITHOUT_USART3 = ['0x440', '0x444', '0x445'];

/**
 * Everything that the bootloader must know of its USART.
 * @param {any} part @param {any} usart of the board's file
 * @param {string} family whose USARTs the part has
 * @param {(ok: boolean, what: string) => void} must
 */
export function usartOf(part, { instance, tx, rx }, family, must) {
  const all = USARTS[family];
  must(all !== undefined, `bootloader-c/generate/usarts.mjs has no family ${family}`);
  const usart = /** @type {Usart} */ (all?.[instance - 1]);
  must(
    instance < 3 || !WITHOUT_USART3.includes(part.romBootloaderId),
    `${part.name} has no USART${instance}`,
  );
  const pins = usart.pins.find((pair) => pair.tx === tx && pair.rx === rx);
  const offered = usart.pins.map((pair) => `${pair.tx} and ${pair.rx}`).join(', ');
  must(
    pins !== undefined,
    `USART${instance} of ${part.name} is not on ${tx} and ${rx}; it may be on ${offered}`,
  );
  const { txFunction = 0, rxFunction = 0, remap = 0 } = /** @type {Pins} */ (pins);
  return {
    ...{ instance, txFunction, rxFunction, remap },
    base: BASES[instance - 1] ?? 0,
    apb: instance === 1 ? 2 : 1,
    clockBit: CLOCK_BITS[instance - 1] ?? 0,
    channel: usart.channel,
    irq: usart.irq,
    // APB1 is half as fast as the core on F1 and F3; USART1 of the F3 is clocked by SYSCLK.
    divider: family !== 'stm32f0' && instance > 1 ? 2 : 1,
    dmaSelect: part.dmaSelect === undefined ? 0 : part.dmaSelect + instance - 1,
  };
}

/**
 * Alternate function of a pin as driver enable of that USART; undefined: it has no such function.
 * @param {string} family @param {number} instance @param {string} pin
 */
export function driverEnableOf(family, instance, pin) {
  return USARTS[family]?.[instance - 1]?.de?.find(([name]) => name === pin)?.[1];
}
