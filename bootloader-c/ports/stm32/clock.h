// System clock: HSI through the PLL, so that no crystal is needed and the flash controller has its
// HSI.
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

// Starts the clock; returns its rate in Hz, which is HSI's if the PLL does not come up.
uint32_t clock_start(void);

// Clock tree and flash access as clock_start found them after a reset.
void clock_stop(void);

#endif
