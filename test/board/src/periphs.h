// The peripherals: registers for bus.c, and what they tell each other. Part of internal.h.
#ifndef BOARD_PERIPHS_H
#define BOARD_PERIPHS_H

uint32_t rcc_read(struct board *b, const struct periph *p, uint32_t off);
void rcc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void rcc_reset(struct board *b, enum board_reset_cause cause);
void rcc_event(struct board *b, int id);
bool rcc_gate_on(const struct board *b, const struct periph *p);
void rcc_check_latency(struct board *b);
void rcc_apply(struct board *b); // after a change of clock sources or dividers
void rcc_pulse(struct board *b, enum gate gate, uint32_t v); // RSTR bits
uint32_t rcc_hsi_hz(const struct board *b);
uint32_t rcc_sysclk_hz(const struct board *b);
extern const struct clock_tree clocks_f0, clocks_f1, clocks_f3;
extern const struct option_layout options_v2; // F0, F3

uint32_t gpio_f1_read(struct board *b, const struct periph *p, uint32_t off);
void gpio_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size);
void gpio_f1_reset(struct board *b, const struct periph *p);
struct pin gpio_f1_pin(const struct board *b, int port, int bit);
uint32_t gpio_v2_read(struct board *b, const struct periph *p, uint32_t off);
void gpio_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size);
void gpio_v2_reset(struct board *b, const struct periph *p);
struct pin gpio_v2_pin(const struct board *b, int port, int bit);
// A pin that may carry a UART (0-2), and its alternate function there.
struct uart_pin {
    uint8_t uart;
    bool tx;
    uint8_t port, bit, af;
};
void gpio_v2_uart(const struct board *b, const struct uart_pin *pins, size_t count, unsigned index,
                  bool *tx, bool *rx);
uint32_t gpio_idr(const struct board *b, int port);
void gpio_set_reset(struct gpio *g, uint32_t bsrr); // BSRR: set wins over reset

uint32_t usart_f1_read(struct board *b, const struct periph *p, uint32_t off);
void usart_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size);
uint32_t usart_v2_read(struct board *b, const struct periph *p, uint32_t off);
void usart_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size);
// For the register fronts: the unit behind them.
void usart_lines(struct board *b, struct uart *u); // after a change of flags or enables
void usart_transmit(struct board *b, struct uart *u, uint32_t v);
void usart_switch(struct board *b, struct uart *u, bool on, uint32_t cr1);
void usart_settings_changed(struct board *b, struct uart *u, uint32_t old_baud);
void usart_reset(struct board *b, const struct periph *p);
void usart_event(struct board *b, int id);
void usart_clock_changed(struct board *b);
void usart_line_changed(struct board *b, struct uart *u); // frames were added to its wave
unsigned usart_frame_bits(const struct uart *u);
uint64_t usart_bit_ps(const struct board *b, const struct uart *u);
void usart_pins_changed(struct board *b);
void usart_requests_moved(struct board *b); // to other channels of DMA1

uint32_t dma_read(struct board *b, const struct periph *p, uint32_t off);
void dma_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void dma_reset(struct board *b, const struct periph *p);

// DMA1 channels of the UARTs where nothing can move them: F1, F3.
void dma_fixed_requests(const struct board *b, unsigned index, unsigned *rx, unsigned *tx);
void dma_request(struct board *b, unsigned channel, bool level); // 1-7
void dma_flash_free(struct board *b);
void dma_release(struct board *b); // all request lines down: they move to other channels

uint32_t timer_read(struct board *b, const struct periph *p, uint32_t off);
void timer_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void timer_reset(struct board *b, const struct periph *p);
void timer_event(struct board *b, unsigned index);
void timer_clock_changed(struct board *b);

uint32_t iwdg_read(struct board *b, const struct periph *p, uint32_t off);
void iwdg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void iwdg_reset(struct board *b);
void iwdg_start(struct board *b);
void iwdg_event(struct board *b);

uint32_t pwr_read(struct board *b, const struct periph *p, uint32_t off);
void pwr_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
#define PWR_PVD 0xF0u // of PWR_CR: PLS, PVDE
uint32_t pvd_flag(const struct board *b);
void pvd_changed(struct board *b, uint32_t old_cr);
bool supply_holds_flash(struct board *b, const char *what);
uint32_t bkp_read(struct board *b, const struct periph *p, uint32_t off);
void bkp_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t crc_f1_read(struct board *b, const struct periph *p, uint32_t off);
void crc_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t crc_v2_read(struct board *b, const struct periph *p, uint32_t off);
void crc_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t afio_read(struct board *b, const struct periph *p, uint32_t off);
void afio_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void misc_reset(struct board *b, bool power);
void afio_reset(struct board *b, const struct periph *p);
uint32_t syscfg_read(struct board *b, const struct periph *p, uint32_t off);
void syscfg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void syscfg_reset(struct board *b, const struct periph *p);
uint32_t rtc_read(struct board *b, const struct periph *p, uint32_t off);
void rtc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t dbgmcu_read(struct board *b, const struct periph *p, uint32_t off);
void dbgmcu_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void crc_reset(struct board *b, const struct periph *p);

#endif
