// What the examples need of a board, without interrupts. One file for each family implements it.
#ifndef BOARD_SUPPORT_H
#define BOARD_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Starts the UART that the bootloader uses, at IAP_BOARD_RATE, and the millisecond clock.
void board_start(void);

// Milliseconds since board_start, as long as it is called at least every millisecond.
uint32_t board_ms(void);

// Takes a received byte. false: there is none.
bool board_receive(uint8_t *byte);

// Whether board_send takes a byte at once.
bool board_can_send(void);

// Sends bytes; returns when the last one is on its way.
void board_send(void *context, const uint8_t *bytes, size_t size);

// Returns when the last byte has left the line.
void board_flush(void *context);

// Prints a text.
void board_print(const char *text);

// Whether the motor turns that may-enter is about: PA1 is high. Pulled down by board_start.
bool board_motor_turns(void);

// Starts the watchdog with a period of about 400 ms. It can not be stopped, only fed.
void board_watchdog_start(void);
void board_watchdog_feed(void);

#endif
