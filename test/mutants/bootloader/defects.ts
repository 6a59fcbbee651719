// Hardware that fails, which must not matter.
import type { Edit } from '../mutant.js';

export const PLL_NEVER_LOCKS: Edit = {
  file: 'ports/stm32/clock.c',
  find: 'if (wait(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {',
  replace: 'if (wait(&RCC_CR, RCC_CR_PLLRDY, 0) && wait(&RCC_CR, RCC_CR_PLLRDY, 1)) {',
};

/** A bootloader as it is, on hardware that fails: it must pass the check all the same. */
export interface Defect {
  /** As docs/bootloader-spec.md names it, without "defect:" */
  readonly id: string;
  readonly edit: Edit;
  /** A check of "iap conformance" */
  readonly passes: string;
  /** It is the bootloader that takes signed images alone. */
  readonly signed?: true;
}

/** What the virtual board does not model is put into the firmware's own view of the hardware. */
export const DEFECTS: readonly Defect[] = [
  { id: 'no-pll', edit: PLL_NEVER_LOCKS, passes: 'update' },
  { id: 'no-pll-signed', edit: PLL_NEVER_LOCKS, passes: 'update', signed: true },
];
