// STM32F1: which blocks there are, where, and behind which clock gate (RM0008 tables 3, 63, 78).
#include "internal.h"

#define NO_RESET 32

static const struct periph periphs[] = {
    {"USART2", 0x40004400, GATE_APB1, 17, 17, 1, true, usart_read, usart_write, usart_reset},
    {"USART3", 0x40004800, GATE_APB1, 18, 18, 2, true, usart_read, usart_write, usart_reset},
    {"IWDG", 0x40003000, GATE_NONE, 0, NO_RESET, 0, true, iwdg_read, iwdg_write, NULL},
    {"BKP", 0x40006C00, GATE_APB1, 27, NO_RESET, 0, true, bkp_read, bkp_write, NULL},
    {"PWR", 0x40007000, GATE_APB1, 28, NO_RESET, 0, true, pwr_read, pwr_write, NULL},
    {"AFIO", 0x40010000, GATE_APB2, 0, 0, 0, false, afio_read, afio_write, afio_reset},
    {"GPIOA", 0x40010800, GATE_APB2, 2, 2, 0, false, gpio_read, gpio_write, gpio_reset},
    {"GPIOB", 0x40010C00, GATE_APB2, 3, 3, 1, false, gpio_read, gpio_write, gpio_reset},
    {"GPIOC", 0x40011000, GATE_APB2, 4, 4, 2, false, gpio_read, gpio_write, gpio_reset},
    {"GPIOD", 0x40011400, GATE_APB2, 5, 5, 3, false, gpio_read, gpio_write, gpio_reset},
    {"GPIOE", 0x40011800, GATE_APB2, 6, 6, 4, false, gpio_read, gpio_write, gpio_reset},
    {"USART1", 0x40013800, GATE_APB2, 14, 14, 0, true, usart_read, usart_write, usart_reset},
    {"DMA1", 0x40020000, GATE_AHB, 0, NO_RESET, 0, false, dma_read, dma_write, dma_reset},
    {"RCC", 0x40021000, GATE_NONE, 0, NO_RESET, 0, false, rcc_read, rcc_write, NULL},
    {"FLASH", 0x40022000, GATE_AHB, 4, NO_RESET, 0, false, fpec_read, fpec_write, NULL},
    {"CRC", 0x40023000, GATE_AHB, 6, NO_RESET, 0, false, crc_read, crc_write, crc_reset},
};

const struct family family_f1 = {
    .periphs = periphs,
    .periph_count = sizeof periphs / sizeof *periphs,
    .cpuid = 0x411FC231u, // Cortex-M3 r1p1
    .wait_state_limit_hz = 24000000u,
    .uart_irq = {37, 38, 39},
    .dma_rx = {5, 6, 3},
    .dma_tx = {4, 7, 2},
    .flash_irq = 4,
    .dma_irq = 11,
};
