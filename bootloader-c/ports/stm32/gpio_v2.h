// Pins of the STM32F0 and F3: mode, pull and alternate function apart. RM0091 and RM0316, GPIO
// registers
#ifndef GPIO_V2_H
#define GPIO_V2_H

#include <stdbool.h>

#include "stm32.h"

#define RCC_AHBENR_IOPEN(n) (1u << (17u + (n)))

// n: 0 for GPIOA
#define GPIO_MODER(n)    REG32(0x48000000u + 0x400u * (n))
#define GPIO_PUPDR(n)    REG32(0x4800000cu + 0x400u * (n))
#define GPIO_IDR(n)      REG32(0x48000010u + 0x400u * (n))
#define GPIO_ODR(n)      REG32(0x48000014u + 0x400u * (n))
#define GPIO_BSRR(n)     REG32(0x48000018u + 0x400u * (n))
#define GPIO_AFR(n, pin) REG32(0x48000020u + 0x400u * (n) + ((pin) < 8 ? 0u : 4u))

#define GPIO_MODE_INPUT     0u
#define GPIO_MODE_OUTPUT    1u
#define GPIO_MODE_ALTERNATE 2u
#define GPIO_PULL_UP        1u
#define GPIO_PULL_DOWN      2u

static inline void gpio_field(volatile uint32_t *reg, uint32_t pin, uint32_t value) {
    *reg = (*reg & ~(3u << 2 * pin)) | value << 2 * pin;
}

static inline void gpio_clock(uint32_t n) {
    RCC_AHBENR |= RCC_AHBENR_IOPEN(n);
}

// An input whose level the pin's own resistor holds while nothing drives it.
static inline void gpio_input(uint32_t n, uint32_t pin, bool pull_up) {
    gpio_field(&GPIO_PUPDR(n), pin, pull_up ? GPIO_PULL_UP : GPIO_PULL_DOWN);
    gpio_field(&GPIO_MODER(n), pin, GPIO_MODE_INPUT);
}

static inline bool gpio_read(uint32_t n, uint32_t pin) {
    return (GPIO_IDR(n) >> pin & 1u) != 0;
}

// The level of a pin that is an output.
static inline void gpio_set(uint32_t n, uint32_t pin, bool high) {
    GPIO_BSRR(n) = 1u << (pin + (high ? 0u : 16u));
}

static inline void gpio_output(uint32_t n, uint32_t pin, bool high) {
    gpio_set(n, pin, high);
    gpio_field(&GPIO_MODER(n), pin, GPIO_MODE_OUTPUT);
}

static inline bool gpio_output_is(uint32_t n, uint32_t pin) {
    return (GPIO_ODR(n) >> pin & 1u) != 0;
}

static inline void gpio_alternate(uint32_t n, uint32_t pin, uint32_t function) {
    uint32_t shift = 4 * (pin % 8);
    GPIO_AFR(n, pin) = (GPIO_AFR(n, pin) & ~(0xfu << shift)) | function << shift;
    gpio_field(&GPIO_MODER(n), pin, GPIO_MODE_ALTERNATE);
}

// A USART's pin, with the number of its alternate function. Pulled up: also TX is not driven while
// the USART is off.
static inline void gpio_usart(uint32_t n, uint32_t pin, uint32_t function) {
    gpio_field(&GPIO_PUPDR(n), pin, GPIO_PULL_UP);
    gpio_alternate(n, pin, function);
}

static inline void gpio_usart_rx(uint32_t n, uint32_t pin, uint32_t function) {
    gpio_usart(n, pin, function);
}

static inline void gpio_usart_tx(uint32_t n, uint32_t pin, uint32_t function) {
    gpio_usart(n, pin, function);
}

static inline void gpio_remap(uint32_t remap) {
    (void)remap; // each pin has its own function
}

#endif
