// The line driver of a half-duplex pair (RS-485): on from an answer's first bit to its last, and
// never else. Where the line is not such a pair nothing is left of any of this.
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>

#include "board.h"
#include "family.h"

#if !BOARD_HALF_DUPLEX

static inline void driver_start(void) {}
static inline void driver_on(void) {}
static inline void driver_off(void) {}
static inline bool driver_is_on(void) {
    return false;
}

#elif BOARD_DE_BY_USART

// The USART switches it (RM0091 section 27.5.18, RM0316 section 29.5.17), during an answer alone.
// Otherwise, so also around each change of the rate, the pin is held: a USART that is off may hold
// it low, whatever DEP says, and one that is switched on sends an idle frame first, for which it
// may drive.
static inline void driver_off(void) {
    gpio_output(BOARD_DE_PORT, BOARD_DE_PIN, !BOARD_DE_ACTIVE_HIGH);
}

// Before USART_CR1.UE is set.
static inline void driver_start(void) {
    gpio_clock(BOARD_DE_PORT);
    driver_off();
    USART_CR3 |= USART_CR3_DEM | (BOARD_DE_ACTIVE_HIGH ? 0 : USART_CR3_DEP);
}

static inline void driver_on(void) {
    gpio_alternate(BOARD_DE_PORT, BOARD_DE_PIN, BOARD_DE_FUNCTION);
}

static inline bool driver_is_on(void) {
    return (USART_STATUS & USART_STATUS_TC) == 0;
}

#else

static inline void driver_start(void) {
    gpio_clock(BOARD_DE_PORT);
    gpio_output(BOARD_DE_PORT, BOARD_DE_PIN, !BOARD_DE_ACTIVE_HIGH);
}

static inline void driver_on(void) {
    gpio_set(BOARD_DE_PORT, BOARD_DE_PIN, BOARD_DE_ACTIVE_HIGH);
}

static inline void driver_off(void) {
    gpio_set(BOARD_DE_PORT, BOARD_DE_PIN, !BOARD_DE_ACTIVE_HIGH);
}

static inline bool driver_is_on(void) {
    return gpio_output_is(BOARD_DE_PORT, BOARD_DE_PIN) == BOARD_DE_ACTIVE_HIGH;
}

#endif

#endif
