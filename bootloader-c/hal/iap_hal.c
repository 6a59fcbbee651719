#include "iap_hal.h"

#include "iap_app.h"
#include "iap_board.h"

// F1 has the older USART: one status register that reading SR, then DR clears.
#ifdef USART_SR_RXNE
#define STATUS(usart)       ((usart)->SR)
#define STATUS_RXNE         USART_SR_RXNE
#define STATUS_TXE          USART_SR_TXE
#define STATUS_TC           USART_SR_TC
#define STATUS_ERRORS       (USART_SR_ORE | USART_SR_NE | USART_SR_FE | USART_SR_PE)
#define RECEIVED(usart)     ((usart)->DR)
#define TO_SEND(usart)      ((usart)->DR)
#define CLEAR_ERRORS(usart) ((void)0)
#else
#define STATUS(usart)   ((usart)->ISR)
#define STATUS_RXNE     USART_ISR_RXNE
#define STATUS_TXE      USART_ISR_TXE
#define STATUS_TC       USART_ISR_TC
#define STATUS_ERRORS   (USART_ISR_ORE | USART_ISR_NE | USART_ISR_FE | USART_ISR_PE)
#define RECEIVED(usart) ((usart)->RDR)
#define TO_SEND(usart)  ((usart)->TDR)
#define CLEAR_ERRORS(usart)                                                                        \
    ((usart)->ICR = USART_ICR_ORECF | USART_ICR_NCF | USART_ICR_FECF | USART_ICR_PECF)
#endif

#define NAME_(number, what) USART##number##what
#define NAME(number, what)  NAME_(number, what)
#define BOOTLOADER_USART    NAME(IAP_BOARD_USART, )
#define BOOTLOADER_IRQ      NAME(IAP_BOARD_USART, _IRQn)

#define SYSTEM_VECTORS  16
#define LOWEST_PRIORITY ((1u << __NVIC_PRIO_BITS) - 1u)
#define FLAG_READS      200000u // of a flag that comes with the line: some 25 ms at 72 MHz
#define HSI_READS       10000u  // 2 us specified
#define WAIT_CYCLES     7u      // of a round of a loop that counts a volatile variable, at least

_Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS;

static struct iap_app app;
static USART_TypeDef *usart;
// The line does not move, as with CTS against it: the rest of the answer is left out.
static bool stuck;

__attribute__((weak)) void iap_hal_before_reset(void) {}

__attribute__((weak)) bool iap_hal_may_enter(uint32_t *detail) {
    (void)detail;
    return true;
}

static bool wait_for(uint32_t flag) {
    for (uint32_t i = 0; i < FLAG_READS && !stuck; i++) {
        if ((STATUS(usart) & flag) != 0) {
            return true;
        }
    }
    stuck = true;
    return false;
}

// Straight to the registers: HAL_UART_Transmit refuses while the product sends, and would never be
// done in an interrupt without the HAL's ticks.
static void to_line(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size && wait_for(STATUS_TXE); i++) {
        TO_SEND(usart) = bytes[i];
    }
    // Whom this interrupted may have seen TXE already, and would write over the last byte.
    (void)wait_for(STATUS_TXE);
}

#ifndef IAP_BOARD_TURN_ROUND_MS

#define CAPABILITIES 0u

static void drive(bool on) {
    (void)on;
}

static void send(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    to_line(bytes, size);
}

#else

#define CAPABILITIES IAP_BOARD_CAPABILITIES

// Within an answer
static bool answering;

// HAL_RS485Ex_Init has left it to the USART.
static bool usart_drives(void) {
#ifdef USART_CR3_DEM
    return (usart->CR3 & USART_CR3_DEM) != 0;
#else
    return false;
#endif
}

static void drive(bool on) {
    if (!usart_drives()) {
        HAL_GPIO_WritePin(IAP_BOARD_DE_PORT, (uint16_t)(1u << IAP_BOARD_DE_PIN),
                          on == (IAP_BOARD_DE_ACTIVE_HIGH != 0) ? GPIO_PIN_SET : GPIO_PIN_RESET);
    }
}

// Whoever asked may drive the pair for so long yet. Ticks do not come within an interrupt.
static void wait_turn_round(void) {
    uint32_t rounds = IAP_BOARD_TURN_ROUND_MS * (SystemCoreClock / 1000u / WAIT_CYCLES + 1u);
    for (volatile uint32_t i = 0; i < rounds; i++) {
    }
}

// 0x00 begins an answer and ends it, and is nowhere else in it.
static void send(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    bool ends = answering && size > 0 && bytes[size - 1] == IAP_FRAME_DELIMITER;
    if (!answering) {
        wait_turn_round();
        drive(true);
        answering = true;
    }
    to_line(bytes, size);
    if (ends) {
        (void)wait_for(STATUS_TC); // the last bit is out
        drive(false);
        answering = false;
    }
}

#endif

static void flush(void *context) {
    (void)context;
    (void)wait_for(STATUS_TC);
    iap_hal_before_reset();
}

static bool program(void *context, uint32_t address, uint16_t value) {
    (void)context;
    (void)HAL_FLASH_Unlock(); // older ones call it an error if it was unlocked
    bool done = HAL_FLASH_Program(FLASH_TYPEPROGRAM_HALFWORD, address, value) == HAL_OK;
    (void)HAL_FLASH_Lock();
    return done;
}

static bool may_enter(void *context, uint32_t *detail) {
    (void)context;
    return iap_hal_may_enter(detail);
}

bool iap_hal_init(UART_HandleTypeDef *uart) {
    if (uart->Instance != BOOTLOADER_USART) {
        return false;
    }
    const struct iap_app_config config = {
        .facts = facts,
        .send = send,
        .flush = flush,
        .program = program,
        .may_enter = may_enter,
        .capabilities = CAPABILITIES,
    };
    iap_app_init(&app, &config);
    usart = BOOTLOADER_USART;
    drive(false);
    return true;
}

// Neighbours share no handler but the default one, an endless loop.
static bool has_handler(void) {
    const uint32_t *vectors = (const uint32_t *)IAP_BOARD_APP_BASE;
    const uint32_t *own = vectors + SYSTEM_VECTORS + BOOTLOADER_IRQ;
    return own[0] != own[-1] && own[0] != own[1];
}

bool iap_hal_listen(UART_HandleTypeDef *uart) {
    if (!has_handler() || !iap_hal_init(uart)) {
        return false;
    }
    // A priority that CubeMX has set stays.
    if ((NVIC->ISER[BOOTLOADER_IRQ / 32] & 1u << BOOTLOADER_IRQ % 32) == 0) {
        HAL_NVIC_SetPriority(BOOTLOADER_IRQ, LOWEST_PRIORITY, 0);
        HAL_NVIC_EnableIRQ(BOOTLOADER_IRQ);
    }
    usart->CR1 |= USART_CR1_RXNEIE;
    return true;
}

void iap_hal_receive(const uint8_t *bytes, size_t size) {
    if (usart == NULL) {
        return;
    }
    // DMA that sends for the product waits meanwhile, or its bytes would come between ours.
    uint32_t dma = usart->CR3 & USART_CR3_DMAT;
    if (dma != 0) {
        usart->CR3 &= ~dma;
    }
    stuck = false;
    for (size_t i = 0; i < size; i++) {
        iap_app_receive(&app, bytes[i]);
    }
    if (dma != 0) {
        usart->CR3 |= dma;
    }
}

bool iap_hal_interrupt(void) {
    if (usart == NULL) {
        return false;
    }
    uint32_t status = STATUS(usart);
    if ((status & (STATUS_RXNE | STATUS_ERRORS)) != 0) {
        const uint8_t byte = (uint8_t)RECEIVED(usart);
        CLEAR_ERRORS(usart);
        iap_hal_receive(&byte, 1);
    }
    // The HAL switches it off at an overrun that it sees first.
    usart->CR1 |= USART_CR1_RXNEIE;
    return (usart->CR1 & (USART_CR1_TXEIE | USART_CR1_TCIE)) == 0;
}

bool iap_hal_confirm(void) {
    RCC->CR |= RCC_CR_HSION;
    for (uint32_t i = 0; i < HSI_READS && (RCC->CR & RCC_CR_HSIRDY) == 0; i++) {
    }
    return iap_app_confirm(&app);
}
