// The app kit in a project of STM32CubeMX: ST's HAL on STM32F0, F1 and F3, with or without an RTOS.
// iap_app.c, iap_hal.c and the board's iap_board.h belong to it. docs/integrating.md leads through
// it.
//
// The UART must be the bootloader's, USART1, with 8 data bits and no parity. Whoever else sends on
// it, goes on doing so as before.
//
// On a board with rs485 the kit waits for the turn-round before it answers, and drives the pair by
// the board's pin, an output that the product has set up; or leaves that to the USART, where
// HAL_RS485Ex_Init has set it up. What the product sends there, it drives itself.
#ifndef IAP_HAL_H
#define IAP_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "main.h" // CubeMX's: the HAL of the family

#ifdef __cplusplus
extern "C" {
#endif

// Starts the kit on a UART from which the product receives nothing: the kit receives by itself, by
// interrupt. Call it behind MX_USART1_UART_Init, and give the interrupt to iap_hal_interrupt.
// false, and nothing is started: it is not the bootloader's UART, or its interrupt has no handler.
bool iap_hal_listen(UART_HandleTypeDef *uart);

// The UART's interrupt, first of all in USART1_IRQHandler. true: there is nothing left for
// HAL_UART_IRQHandler.
bool iap_hal_interrupt(void);

// Starts the kit on a UART from which the product receives, by whatever function of the HAL. Call
// it before reception is started, and give what comes in to iap_hal_receive. false, and nothing is
// started: it is not the bootloader's UART.
bool iap_hal_init(UART_HandleTypeDef *uart);

// Bytes that the product has received, all of them and in order; what is no frame for this device
// is left out. From one interrupt or one task and no other. An answer is sent before it returns, 21
// ms at 115200 baud. On ENTER it resets.
void iap_hal_receive(const uint8_t *bytes, size_t size);

// Confirms the running image, as iap_app_confirm; switches HSI on for that, which the flash
// controller needs. From main or a task, when nobody else programs the flash.
bool iap_hal_confirm(void);

// Called at each ENTER, where the bytes are given to the kit: in the UART's interrupt with
// iap_hal_listen. Define it to refuse at a bad moment, as while a motor runs: false, and the
// application goes on, and the host is told to ask again later, with *detail, a number of your own.
// Must not wait. The kit's own returns true.
bool iap_hal_may_enter(uint32_t *detail);

// Called before the reset that ENTER ends in, with the interrupts as they are. Define it to save
// what must be saved and to switch outputs off, within 100 ms; the kit's own does nothing.
void iap_hal_before_reset(void);

#ifdef __cplusplus
}
#endif

#endif
