// STM32F303: which blocks there are, where, and behind which clock gate (RM0316 tables 2, 82,
// 79; section 9.4).
#include "internal.h"

#define NO_RESET 32

static const struct periph periphs[] = {
    {"TIM2", 0x40000000, GATE_APB1, 0, 0, 1, true, timer_read, timer_write, timer_reset},
    {"TIM3", 0x40000400, GATE_APB1, 1, 1, 2, true, timer_read, timer_write, timer_reset},
    {"TIM4", 0x40000800, GATE_APB1, 2, 2, 3, true, timer_read, timer_write, timer_reset},
    {"TIM6", 0x40001000, GATE_APB1, 4, 4, 4, true, timer_read, timer_write, timer_reset},
    {"TIM7", 0x40001400, GATE_APB1, 5, 5, 5, true, timer_read, timer_write, timer_reset},
    {"TIM1", 0x40012C00, GATE_APB2, 11, 11, 0, true, timer_read, timer_write, timer_reset},
    {"RTC", 0x40002800, GATE_NONE, 0, NO_RESET, 0, false, rtc_read, rtc_write, NULL},
    {"IWDG", 0x40003000, GATE_NONE, 0, NO_RESET, 0, true, iwdg_read, iwdg_write, NULL},
    {"USART2", 0x40004400, GATE_APB1, 17, 17, 1, true, usart_v2_read, usart_v2_write, usart_reset},
    {"USART3", 0x40004800, GATE_APB1, 18, 18, 2, true, usart_v2_read, usart_v2_write, usart_reset},
    {"PWR", 0x40007000, GATE_APB1, 28, NO_RESET, 0, true, pwr_read, pwr_write, NULL},
    {"SYSCFG", 0x40010000, GATE_APB2, 0, 0, 0, false, syscfg_read, syscfg_write, syscfg_reset},
    {"USART1", 0x40013800, GATE_APB2, 14, 14, 0, true, usart_v2_read, usart_v2_write, usart_reset},
    {"DMA1", 0x40020000, GATE_AHB, 0, NO_RESET, 0, false, dma_read, dma_write, dma_reset},
    {"RCC", 0x40021000, GATE_NONE, 0, NO_RESET, 0, false, rcc_read, rcc_write, NULL},
    {"FLASH", 0x40022000, GATE_AHB, 4, NO_RESET, 0, false, fpec_read, fpec_write, NULL},
    {"CRC", 0x40023000, GATE_AHB, 6, NO_RESET, 0, SUB_WORD_FIRST, crc_v2_read, crc_v2_write,
     crc_reset},
    {"GPIOA", 0x48000000, GATE_AHB, 17, 17, 0, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
    {"GPIOB", 0x48000400, GATE_AHB, 18, 18, 1, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
    {"GPIOC", 0x48000800, GATE_AHB, 19, 19, 2, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
    {"GPIOD", 0x48000C00, GATE_AHB, 20, 20, 3, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
    {"GPIOE", 0x48001000, GATE_AHB, 21, 21, 4, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
    {"GPIOF", 0x48001400, GATE_AHB, 22, 22, 5, true, gpio_v2_read, gpio_v2_write, gpio_v2_reset},
};

// Data sheet DS9118, table 14: AF7 everywhere.
static const struct uart_pin uart_pins_f3[] = {
    {0, true, 0, 9, 7},  {0, false, 0, 10, 7}, {0, true, 1, 6, 7},  {0, false, 1, 7, 7},
    {0, true, 2, 4, 7},  {0, false, 2, 5, 7},  {0, true, 4, 0, 7},  {0, false, 4, 1, 7},
    {1, true, 0, 2, 7},  {1, false, 0, 3, 7},  {1, true, 0, 14, 7}, {1, false, 0, 15, 7},
    {1, true, 1, 3, 7},  {1, false, 1, 4, 7},  {1, true, 3, 5, 7},  {1, false, 3, 6, 7},
    {2, true, 1, 10, 7}, {2, false, 1, 11, 7}, {2, true, 2, 10, 7}, {2, false, 2, 11, 7},
    {2, true, 3, 8, 7},  {2, false, 3, 9, 7},
};

static const struct enable_pin enable_pins[BOARD_UARTS] = {{0, 12, 7}, {0, 1, 7}, {1, 14, 7}};

static void uart_pins(const struct board *b, unsigned index, bool *tx, bool *rx) {
    gpio_v2_uart(b, uart_pins_f3, sizeof uart_pins_f3 / sizeof *uart_pins_f3, index, tx, rx);
}

const struct family family_f3 = {
    .periphs = periphs,
    .periph_count = sizeof periphs / sizeof *periphs,
    .irq_count = 82,
    .wait_state_limit_hz = 24000000u,
    .max_wait_states = 2,
    .acr = 0x30,
    // DS9118, flash memory characteristics.
    .program_min_ns = 40000,
    .program_typical_ns = 53500,
    .program_max_ns = 60000,
    .systick_calibration = 9000,
    .uart_irq = {37, 38, 39},
    .uart_eie_alone = true,
    .timer_irq = {25, 28, 29, 30, 54, 55},
    .wide_tim2 = true,
    .uart_dma_drops = true,
    .flash_irq = 4,
    .dma_irq = {11, 12, 13, 14, 15, 16, 17},
    .windows = 3,
    .iwdg_window = true,
    .parity_sram = 16 * 1024, // F303xB, xC
    .clocks = &clocks_f3,
    .options = &options_v2,
    .pin = gpio_v2_pin,
    .uart_pins = uart_pins,
    .enable_pins = enable_pins,
    .uart_dma = dma_fixed_requests,
};
