// STM32F1: which blocks there are, where, and behind which clock gate (RM0008 tables 3, 63, 78).
#include <string.h>

#include "internal.h"

#define NO_RESET    32
#define F10X_MEDIUM 0x410 // DEV_ID

static const struct periph periphs[] = {
    {"TIM2", 0x40000000, GATE_APB1, 0, 0, 1, true, timer_read, timer_write, timer_reset},
    {"TIM3", 0x40000400, GATE_APB1, 1, 1, 2, true, timer_read, timer_write, timer_reset},
    {"TIM4", 0x40000800, GATE_APB1, 2, 2, 3, true, timer_read, timer_write, timer_reset},
    {"TIM6", 0x40001000, GATE_APB1, 4, 4, 4, true, timer_read, timer_write, timer_reset},
    {"TIM7", 0x40001400, GATE_APB1, 5, 5, 5, true, timer_read, timer_write, timer_reset},
    {"TIM1", 0x40012C00, GATE_APB2, 11, 11, 0, true, timer_read, timer_write, timer_reset},
    {"USART2", 0x40004400, GATE_APB1, 17, 17, 1, true, usart_f1_read, usart_f1_write, usart_reset},
    {"USART3", 0x40004800, GATE_APB1, 18, 18, 2, true, usart_f1_read, usart_f1_write, usart_reset},
    {"IWDG", 0x40003000, GATE_NONE, 0, NO_RESET, 0, true, iwdg_read, iwdg_write, NULL},
    {"BKP", 0x40006C00, GATE_APB1, 27, NO_RESET, 0, true, bkp_read, bkp_write, NULL},
    {"PWR", 0x40007000, GATE_APB1, 28, NO_RESET, 0, true, pwr_read, pwr_write, NULL},
    {"AFIO", 0x40010000, GATE_APB2, 0, 0, 0, false, afio_read, afio_write, afio_reset},
    {"GPIOA", 0x40010800, GATE_APB2, 2, 2, 0, false, gpio_f1_read, gpio_f1_write, gpio_f1_reset},
    {"GPIOB", 0x40010C00, GATE_APB2, 3, 3, 1, false, gpio_f1_read, gpio_f1_write, gpio_f1_reset},
    {"GPIOC", 0x40011000, GATE_APB2, 4, 4, 2, false, gpio_f1_read, gpio_f1_write, gpio_f1_reset},
    {"GPIOD", 0x40011400, GATE_APB2, 5, 5, 3, false, gpio_f1_read, gpio_f1_write, gpio_f1_reset},
    {"GPIOE", 0x40011800, GATE_APB2, 6, 6, 4, false, gpio_f1_read, gpio_f1_write, gpio_f1_reset},
    {"USART1", 0x40013800, GATE_APB2, 14, 14, 0, true, usart_f1_read, usart_f1_write, usart_reset},
    {"DMA1", 0x40020000, GATE_AHB, 0, NO_RESET, 0, false, dma_read, dma_write, dma_reset},
    {"RCC", 0x40021000, GATE_NONE, 0, NO_RESET, 0, false, rcc_read, rcc_write, NULL},
    {"FLASH", 0x40022000, GATE_AHB, 4, NO_RESET, 0, false, fpec_read, fpec_write, NULL},
    {"CRC", 0x40023000, GATE_AHB, 6, NO_RESET, 0, false, crc_f1_read, crc_f1_write, crc_reset},
};

// PM0075 section 2.5.
static const struct option_layout options = {
    .rdp_open = 0xA5,
    .user_shift = 2,
    .user_mask = 0x07,
    .data_shift = 10,
    .rdp_protects_start = true,
};

// Pins: alternate-function output for TX, any digital input for RX. USART1 moves to PB6/PB7
// with AFIO_MAPR bit 2.
static void uart_pins(const struct board *b, unsigned index, bool *tx, bool *rx) {
    static const uint8_t place[4][3] = {{0, 9, 10}, {0, 2, 3}, {1, 10, 11}, {1, 6, 7}};
    const uint8_t *p = place[index == 0 && (b->misc.afio_mapr & 4u) ? 3 : index];
    *tx = gpio_f1_pin(b, p[0], p[1]).mode == PIN_ALTERNATE;
    *rx = gpio_f1_pin(b, p[0], p[2]).mode == PIN_INPUT;
}

// Medium density has no basic timers.
static bool lacks(const struct board_part *part, const struct periph *p) {
    return part->dev_id == F10X_MEDIUM && (!strcmp(p->name, "TIM6") || !strcmp(p->name, "TIM7"));
}

const struct family family_f1 = {
    .lacks = lacks,
    .periphs = periphs,
    .periph_count = sizeof periphs / sizeof *periphs,
    .irq_count = 68, // high density
    .wait_state_limit_hz = 24000000u,
    .max_wait_states = 2,
    .acr = 0x30,
    // DS5319 tables 28 and 29.
    .program_min_ns = 40000,
    .program_typical_ns = 52500,
    .program_max_ns = 70000,
    .systick_calibration = 9000,
    .uart_irq = {37, 38, 39},
    .timer_irq = {25, 28, 29, 30, 54, 55},
    .flash_irq = 4,
    .dma_irq = {11, 12, 13, 14, 15, 16, 17},
    .windows = 1,
    .idcode_reads_0 = true,
    .clocks = &clocks_f1,
    .options = &options,
    .pin = gpio_f1_pin,
    .uart_pins = uart_pins,
    .uart_dma = dma_fixed_requests,
};
