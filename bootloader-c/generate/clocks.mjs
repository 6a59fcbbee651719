// @ts-check
// How a board's clock is made: by the PLL from HSI / 2, or from a crystal.

const HSI_INPUT_HZ = 4e6;
/** The PLL of the STM32F105 and F107 multiplies by 4 to 9 only (RM0008 section 8.3.2). */
const CONNECTIVITY = '0x418';

/** @param {number} factor @param {any} part */
function multiplies(factor, part) {
  const [least, most] = part.romBootloaderId === CONNECTIVITY ? [4, 9] : [2, 16];
  return Number.isInteger(factor) && factor >= least && factor <= most;
}

/**
 * Without `hse` in the board's file, or with a crystal that does not start, the clock is HSI's; that one is no faster than asked for.
 * @param {any} part @param {any} clock @param {(ok: boolean, what: string) => void} must
 */
export function clockOf(part, { hz, hse }, must) {
  let hsiMultiplier = Math.min(16, Math.floor(hz / HSI_INPUT_HZ));
  while (hsiMultiplier > 2 && !multiplies(hsiMultiplier, part)) hsiMultiplier--;
  const hsi = { hsiMultiplier, hsiHz: hsiMultiplier * HSI_INPUT_HZ };
  if (hse === undefined) {
    must(
      hsi.hsiHz === hz && multiplies(hsiMultiplier, part),
      part.romBootloaderId === CONNECTIVITY
        ? `the PLL of ${part.name} multiplies 4 MHz by 4 to 9`
        : 'the PLL multiplies 4 MHz by 2 to 16',
    );
    return { ...hsi, hseHz: 0, bypass: false, divider: 1, multiplier: hsiMultiplier };
  }
  must(
    part.romBootloaderId !== CONNECTIVITY,
    `a crystal of ${part.name} has another divider, which this bootloader does not know`,
  );
  const divider = [1, 2].find((by) => multiplies((hz / hse.hz) * by, part)) ?? 0;
  must(divider > 0, `the PLL makes 2 to 16 times ${hse.hz} Hz, or of half of it, and not ${hz} Hz`);
  return {
    ...hsi,
    hseHz: hse.hz,
    bypass: hse.bypass ?? false,
    divider,
    multiplier: (hz / hse.hz) * divider,
  };
}
