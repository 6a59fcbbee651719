// STM32F0: which blocks there are, where, and behind which clock gate (RM0360 and RM0091,
// tables 1, 29, 37; sections 6.4 and 9.1).
#include <string.h>

#include "internal.h"

#define NO_RESET 32
#define F05X     0x440 // DEV_ID; F030x8 too
#define F03X     0x444
#define F09X     0x442 // F030xC too

static const struct periph periphs[] = {
    {"TIM2", 0x40000000, GATE_APB1, 0, 0, 1, true, timer_read, timer_write, timer_reset},
    {"TIM3", 0x40000400, GATE_APB1, 1, 1, 2, true, timer_read, timer_write, timer_reset},
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
    {"DBGMCU", 0x40015800, GATE_APB2, 22, NO_RESET, 0, false, dbgmcu_read, dbgmcu_write, NULL},
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

// Data sheets DS9773 and DS9826, tables of alternate functions.
static const struct uart_pin uart_pins_f0[] = {
    {0, true, 0, 9, 1},  {0, false, 0, 10, 1}, {0, true, 1, 6, 0},  {0, false, 1, 7, 0},
    {1, true, 0, 2, 1},  {1, false, 0, 3, 1},  {1, true, 0, 14, 1}, {1, false, 0, 15, 1},
    {2, true, 1, 10, 4}, {2, false, 1, 11, 4}, {2, true, 2, 10, 1}, {2, false, 2, 11, 1},
};

static const struct enable_pin enable_pins[BOARD_UARTS] = {{0, 12, 1}, {0, 1, 1}, {1, 14, 4}};

static void uart_pins(const struct board *b, unsigned index, bool *tx, bool *rx) {
    gpio_v2_uart(b, uart_pins_f0, sizeof uart_pins_f0 / sizeof *uart_pins_f0, index, tx, rx);
}

#define CSELR_USART1      8u // USART2 and the others behind it
#define USART1_TX_DMA_RMP (1u << 9)
#define USART1_RX_DMA_RMP (1u << 10)
#define USART2_DMA_RMP    (1u << 25)
#define USART3_DMA_RMP    (1u << 26)

// F09x: the channel whose field of DMA1_CSELR names the USART. Without one there is no request.
static unsigned selected(const struct board *b, unsigned index, const uint8_t channels[4]) {
    for (int i = 0; i < 4 && channels[i]; i++) {
        if ((b->dma.cselr >> (4 * (channels[i] - 1)) & 15u) == CSELR_USART1 + index) {
            return channels[i];
        }
    }
    return 0;
}

// Channels by SYSCFG_CFGR1; F03x has the remap bits of USART1 only.
static void uart_dma(const struct board *b, unsigned index, unsigned *rx, unsigned *tx) {
    static const uint8_t receive[4] = {1, 3, 5, 6}, transmit[4] = {2, 4, 7};
    uint32_t cfgr1 = b->misc.syscfg_cfgr1;
    if (b->part->dev_id == F09X) {
        *rx = selected(b, index, receive);
        *tx = selected(b, index, transmit);
    } else if (index == 0) {
        *rx = cfgr1 & USART1_RX_DMA_RMP ? 5 : 3;
        *tx = cfgr1 & USART1_TX_DMA_RMP ? 4 : 2;
    } else if (index == 1) {
        *rx = cfgr1 & USART2_DMA_RMP ? 6 : 5;
        *tx = cfgr1 & USART2_DMA_RMP ? 7 : 4;
    } else {
        *rx = cfgr1 & USART3_DMA_RMP ? 3 : 6;
        *tx = cfgr1 & USART3_DMA_RMP ? 2 : 7;
    }
}

static bool is_small(const struct board_part *part) {
    return part->dev_id == F05X || part->dev_id == F03X;
}

static bool lacks(const struct board_part *part, const struct periph *p) {
    if (!strcmp(p->name, "TIM2")) {
        return part->backup_registers == 0; // F030
    }
    if (!strcmp(p->name, "TIM7")) {
        return part->dev_id == F05X || part->dev_id == F03X;
    }
    return is_small(part) && (!strcmp(p->name, "USART3") || !strcmp(p->name, "GPIOE"));
}

static unsigned dma_channels(const struct board_part *part) {
    return is_small(part) ? 5 : 7;
}

const struct family family_f0 = {
    .periphs = periphs,
    .periph_count = sizeof periphs / sizeof *periphs,
    .irq_count = 32,
    .wait_state_limit_hz = 24000000u,
    .max_wait_states = 1,
    .acr = 0x30,
    // DS9773 and DS9826, flash memory characteristics.
    .program_min_ns = 40000,
    .program_typical_ns = 53500,
    .program_max_ns = 60000,
    .systick_calibration = 6000,
    .uart_irq = {27, 28, 29},
    .uart_eie_alone = true,
    .timer_irq = {13, 15, 16, 0, 17, 18},
    .wide_tim2 = true,
    .uart_dma_drops = true,
    .flash_irq = 3,
    .dma_irq = {9, 10, 10, 11, 11, 11, 11},
    .windows = 2,
    .iwdg_window = true,
    .parity_sram = UINT32_MAX,
    .clocks = &clocks_f0,
    .options = &options_v2,
    .pin = gpio_v2_pin,
    .uart_pins = uart_pins,
    .enable_pins = enable_pins,
    .uart_dma = uart_dma,
    .lacks = lacks,
    .dma_channels = dma_channels,
    .cselr_dev_id = F09X,
};
