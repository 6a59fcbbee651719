// Pins of the STM32F1: four mode bits a pin in CRL and CRH. RM0008 section 9.2
#ifndef GPIO_V1_H
#define GPIO_V1_H

#include <stdbool.h>

#include "stm32.h"

#define RCC_APB2ENR_IOPEN(n) (1u << (2u + (n)))
#define RCC_APB2ENR_AFIOEN   1u

// n: 0 for GPIOA
#define GPIO_CR(n, pin) REG32(0x40010800u + 0x400u * (n) + ((pin) < 8 ? 0u : 4u))
#define GPIO_IDR(n)     REG32(0x40010808u + 0x400u * (n))
#define GPIO_ODR(n)     REG32(0x4001080cu + 0x400u * (n))
#define GPIO_BSRR(n)    REG32(0x40010810u + 0x400u * (n))
#define AFIO_MAPR       REG32(0x40010004u)

#define GPIO_MODE_AF_PUSH_PULL 0xbu // 50 MHz
#define GPIO_MODE_INPUT_PULL   0x8u // direction from ODR
#define GPIO_MODE_OUTPUT       0x2u // push-pull, 2 MHz

static inline void gpio_mode(uint32_t n, uint32_t pin, uint32_t mode) {
    uint32_t shift = 4 * (pin % 8);
    GPIO_CR(n, pin) = (GPIO_CR(n, pin) & ~(0xfu << shift)) | mode << shift;
}

static inline void gpio_clock(uint32_t n) {
    RCC_APB2ENR |= RCC_APB2ENR_IOPEN(n);
}

// An input whose level the pin's own resistor holds while nothing drives it.
static inline void gpio_input(uint32_t n, uint32_t pin, bool pull_up) {
    GPIO_BSRR(n) = 1u << (pin + (pull_up ? 0u : 16u));
    gpio_mode(n, pin, GPIO_MODE_INPUT_PULL);
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
    gpio_mode(n, pin, GPIO_MODE_OUTPUT);
}

static inline bool gpio_output_is(uint32_t n, uint32_t pin) {
    return (GPIO_ODR(n) >> pin & 1u) != 0;
}

// A USART's pins have no numbers of functions here: AFIO moves all of a peripheral at once.
static inline void gpio_usart_rx(uint32_t n, uint32_t pin, uint32_t function) {
    (void)function;
    gpio_input(n, pin, true);
}

static inline void gpio_usart_tx(uint32_t n, uint32_t pin, uint32_t function) {
    (void)function;
    gpio_mode(n, pin, GPIO_MODE_AF_PUSH_PULL);
}

static inline void gpio_remap(uint32_t remap) {
    if (remap > 0) {
        RCC_APB2ENR |= RCC_APB2ENR_AFIOEN;
        AFIO_MAPR = remap; // the debug port's bits are write-only: zeros leave it as it is
    }
}

#endif
