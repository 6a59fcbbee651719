#include "usart.h"

#include "board.h"
#include "family.h"

#define WAITS 200000u // reads of SR: over 10 ms at 64 MHz, more than ten bit times at 1200 baud

#define GPIOA  0u
#define TX_PIN 9u
#define RX_PIN 10u

static volatile uint8_t ring[BOARD_RING_SIZE]; // the DMA writes

static uint32_t divider(const struct usart *usart, uint32_t rate) {
    uint32_t value = (usart->clock_hz + rate / 2) / rate;
    value = value < USART_BRR_MIN ? USART_BRR_MIN : value;
    return value > USART_BRR_MAX ? USART_BRR_MAX : value;
}

void usart_start(struct usart *usart, uint32_t clock_hz, uint32_t rate) {
    *usart = (struct usart){.clock_hz = clock_hz};
    RCC_AHBENR |= RCC_AHBENR_DMA1EN;
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    RCC_APB2RSTR = RCC_APB2RSTR_USART1RST; // the ROM bootloader leaves it on, with parity
    RCC_APB2RSTR = 0;
    gpio_clock(GPIOA);
    gpio_usart_rx(GPIOA, RX_PIN); // pulled up: an open line is idle, not noise

    if (BOARD_DMA_SELECT > 0) {
        DMA1_CSELR |= BOARD_DMA_SELECT << 4 * (USART1_RX_CHANNEL - 1);
    }
    DMA1_CPAR(USART1_RX_CHANNEL) = (uint32_t)(uintptr_t)&USART1_RX_DATA;
    DMA1_CMAR(USART1_RX_CHANNEL) = (uint32_t)(uintptr_t)ring;
    DMA1_CNDTR(USART1_RX_CHANNEL) = BOARD_RING_SIZE;
    DMA1_CCR(USART1_RX_CHANNEL) = DMA_CCR_PL | DMA_CCR_MINC | DMA_CCR_CIRC | DMA_CCR_EN;

    USART1_BRR = divider(usart, rate);
    USART1_CR3 = USART_CR3_DMAR;
    USART1_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
    gpio_usart_tx(GPIOA,
                  TX_PIN); // after TE, so that the pin goes from pulled to idle without a glitch
}

size_t usart_receive(struct usart *usart, uint8_t *bytes, size_t size) {
    uint32_t left = DMA1_CNDTR(USART1_RX_CHANNEL); // 0 just before it is reloaded
    uint32_t head = left > 0 ? BOARD_RING_SIZE - left : 0;
    size_t count = 0;
    while (count < size && usart->tail != head) {
        bytes[count++] = ring[usart->tail];
        usart->tail = usart->tail + 1 < BOARD_RING_SIZE ? usart->tail + 1 : 0;
    }
    return count;
}

static void wait_for(uint32_t flag) {
    for (uint32_t i = 0; i < WAITS && (USART1_STATUS & flag) == 0; i++) {
    }
}

void usart_send(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        wait_for(USART_STATUS_TXE);
        USART1_TX_DATA = bytes[i];
    }
}

void usart_flush(void) {
    wait_for(USART_STATUS_TC);
}

uint32_t usart_nearest_rate(const struct usart *usart, uint32_t rate) {
    return usart->clock_hz / divider(usart, rate);
}

void usart_set_rate(const struct usart *usart, uint32_t rate) {
    usart_flush();
    usart_set_divider(divider(usart, rate));
}
