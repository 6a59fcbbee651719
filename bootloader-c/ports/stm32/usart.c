#include "usart.h"

#include "board.h"
#include "driver.h"
#include "family.h"
#include "iap_bytes.h"
#include "iap_protocol.h"

#define WAITS 200000u // reads of SR: over 10 ms at 64 MHz, more than ten bit times at 1200 baud

static NOT_CLEARED uint8_t ring[BOARD_RING_SIZE]; // the DMA writes

static uint32_t divider(const struct usart *usart, uint32_t rate) {
    uint32_t value = (usart->clock_hz + rate / 2) / rate;
    value = value < USART_BRR_MIN ? USART_BRR_MIN : value;
    return value > USART_BRR_MAX ? USART_BRR_MAX : value;
}

void usart_start(struct usart *usart, uint32_t clock_hz, uint32_t rate) {
    *usart = (struct usart){.clock_hz = clock_hz / BOARD_USART_CLOCK_DIVIDER};
    RCC_AHBENR |= RCC_AHBENR_DMA1EN;
    RCC_USARTENR |= USART_CLOCK;
    RCC_USARTRSTR = USART_CLOCK; // the ROM bootloader leaves it on, with parity
    RCC_USARTRSTR = 0;
    family_usart_clock();
    gpio_remap(BOARD_USART_REMAP);
    gpio_clock(BOARD_RX_PORT);
    gpio_clock(BOARD_TX_PORT);
    // Pulled up: an open line is idle, not noise.
    gpio_usart_rx(BOARD_RX_PORT, BOARD_RX_PIN, BOARD_RX_FUNCTION);

    if (BOARD_DMA_SELECT > 0) {
        DMA1_CSELR |= BOARD_DMA_SELECT << 4 * (BOARD_USART_CHANNEL - 1);
    }
    DMA1_CPAR(BOARD_USART_CHANNEL) = (uint32_t)(uintptr_t)&USART_RX_DATA;
    DMA1_CMAR(BOARD_USART_CHANNEL) = (uint32_t)(uintptr_t)ring;
    DMA1_CNDTR(BOARD_USART_CHANNEL) = BOARD_RING_SIZE;
    DMA1_CCR(BOARD_USART_CHANNEL) = DMA_CCR_PL | DMA_CCR_MINC | DMA_CCR_CIRC | DMA_CCR_EN;

    USART_BRR = divider(usart, rate);
    USART_CR3 = USART_CR3_RECEPTION;
    driver_start();
    USART_CR1 = USART_CR1_ON;
    // After TE, so that the pin goes from pulled to idle without a glitch.
    gpio_usart_tx(BOARD_TX_PORT, BOARD_TX_PIN, BOARD_TX_FUNCTION);
}

// Where the DMA writes next
static uint32_t ring_head(void) {
    uint32_t left = DMA1_CNDTR(BOARD_USART_CHANNEL); // 0 just before it is reloaded
    return left > 0 ? BOARD_RING_SIZE - left : 0;
}

uint32_t usart_waiting(const struct usart *usart) {
    uint32_t head = ring_head();
    return head - usart->tail + (head < usart->tail ? BOARD_RING_SIZE : 0);
}

uint8_t usart_peek(const struct usart *usart, uint32_t index) {
    uint32_t at = usart->tail + index;
    __asm volatile("" ::: "memory"); // what the DMA has written until now
    return ring[at < BOARD_RING_SIZE ? at : at - BOARD_RING_SIZE];
}

size_t usart_receive(struct usart *usart, uint8_t *bytes, size_t size) {
    uint32_t head = ring_head();
    // To the end of the ring at most: the next call takes what begins anew.
    size_t count = (head < usart->tail ? BOARD_RING_SIZE : head) - usart->tail;
    count = count < size ? count : size;
    __asm volatile("" ::: "memory"); // what the DMA has written until now
    if (BOARD_HALF_DUPLEX) {         // nor beyond the end of a frame: what follows it is peeked at
        size_t end = 0;
        while (end < count && ring[usart->tail + end++] != IAP_FRAME_DELIMITER) {
        }
        count = end;
    }
    iap_copy(bytes, ring + usart->tail, count);
    usart->tail += count;
    if (usart->tail == BOARD_RING_SIZE) {
        usart->tail = 0;
    }
    return count;
}

static void wait_for(uint32_t flag) {
    for (uint32_t i = 0; i < WAITS && (USART_STATUS & flag) == 0; i++) {
    }
}

void usart_send(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        wait_for(USART_STATUS_TXE);
        USART_TX_DATA = bytes[i];
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
    driver_off();
    usart_set_divider(divider(usart, rate));
}
