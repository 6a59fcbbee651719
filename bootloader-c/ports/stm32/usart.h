// The board's USART. Reception by circular DMA, because the CPU stands still while flash is
// erased.
#ifndef USART_H
#define USART_H

#include <stddef.h>
#include <stdint.h>

struct usart {
    uint32_t clock_hz; // its own
    uint32_t tail;     // next byte of the ring to be fetched
};

void usart_start(struct usart *usart, uint32_t clock_hz, uint32_t rate);
uint32_t usart_waiting(const struct usart *usart);             // bytes to be fetched
uint8_t usart_peek(const struct usart *usart, uint32_t index); // one of them
size_t usart_receive(struct usart *usart, uint8_t *bytes, size_t size);
void usart_send(const uint8_t *bytes, size_t size);
void usart_flush(void);
uint32_t usart_nearest_rate(const struct usart *usart, uint32_t rate);
void usart_set_rate(const struct usart *usart, uint32_t rate);

#endif
