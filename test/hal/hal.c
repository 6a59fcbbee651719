#include "main.h"

#include "family.h"
#include "flash.h"
#include "iap_board.h"

#define CLOCK_HZ 8000000u // HSI, as after a reset
#define PORT_A   0u

#define DMA_CCR_TCIE          (1u << 1)
#define DMA1_ISR              REG32(0x40020000u)
#define DMA1_IFCR             REG32(0x40020004u)
#define DMA_FLAGS(channel)    (0xfu << 4u * ((channel)-1u))
#define DMA_COMPLETE(channel) (2u << 4u * ((channel)-1u))
#define DMA1_RX               ((DMA_Channel_TypeDef *)&DMA1_CCR(BOARD_USART_CHANNEL))
#define NVIC_IPR(n)           REG32(0xe000e400u + 4u * (n)) // words only on a Cortex-M0
#define SYST_CSR_TICKINT      2u
#define SYST_CSR_CORE         4u

#ifdef FAMILY_F1
#define STATUS(usart)   ((usart)->SR)
#define RECEIVED(usart) ((usart)->DR)
#define TO_SEND(usart)  ((usart)->DR)
#else
#define STATUS(usart)   ((usart)->ISR)
#define RECEIVED(usart) ((usart)->RDR)
#define TO_SEND(usart)  ((usart)->TDR)
#endif
#define STATUS_ERRORS  0xfu // PE, FE, NE, ORE: the same places in both generations
#define STATUS_OVERRUN (1u << 3)
#define STATUS_IDLE    (1u << 4)

#ifdef FAMILY_F0
#define RX_IRQ DMA1_Channel2_3_IRQn
void DMA1_Channel2_3_IRQHandler(void);
#else
#define RX_IRQ DMA1_Channel5_IRQn
void DMA1_Channel5_IRQHandler(void);
#endif

UART_HandleTypeDef huart1;
uint32_t SystemCoreClock = CLOCK_HZ;
static DMA_HandleTypeDef hdma_usart1_rx = {DMA1_RX};
static volatile uint32_t ticks;

void SystemClock_Config(void);
void MX_GPIO_Init(void);
void MX_DMA_Init(void);
void MX_USART1_UART_Init(void);
void SysTick_Handler(void);

void SysTick_Handler(void) {
    ticks++;
}

void Error_Handler(void) {
    mask_interrupts();
    for (;;) {
    }
}

void HAL_Init(void) {
    SYST_RVR = CLOCK_HZ / 1000u - 1u;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CORE;
}

void SystemClock_Config(void) {}

void HAL_Delay(uint32_t ms) {
    uint32_t start = ticks;
    while (ticks - start <= ms) {
    }
}

uint32_t HAL_GetTick(void) {
    return ticks;
}

void HAL_GPIO_WritePin(GPIO_TypeDef *port, uint16_t pin, GPIO_PinState state) {
    port->BSRR = (uint32_t)pin << (state == GPIO_PIN_SET ? 0 : 16);
}

// A driver's pin as CubeMX sets it up: inactive.
void MX_GPIO_Init(void) {
#if BOARD_HALF_DUPLEX
    gpio_clock(BOARD_DE_PORT);
    gpio_output(BOARD_DE_PORT, BOARD_DE_PIN, !BOARD_DE_ACTIVE_HIGH);
#endif
}

void HAL_NVIC_SetPriority(IRQn_Type irq, uint32_t priority, uint32_t sub) {
    (void)sub;
    uint32_t n = (uint32_t)irq;
    NVIC_IPR(n / 4) |= (priority << (8u - __NVIC_PRIO_BITS) & 0xffu) << 8 * (n % 4);
}

void HAL_NVIC_EnableIRQ(IRQn_Type irq) {
    NVIC->ISER[(uint32_t)irq / 32] = 1u << (uint32_t)irq % 32;
}

HAL_StatusTypeDef HAL_FLASH_Unlock(void) {
    return HAL_OK;
}

HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t value) {
    (void)type;
    return flash_program(address, (uint16_t)value) ? HAL_OK : HAL_ERROR;
}

HAL_StatusTypeDef HAL_FLASH_Lock(void) {
    return HAL_OK;
}

void MX_DMA_Init(void) {
    RCC_AHBENR |= RCC_AHBENR_DMA1EN;
    HAL_NVIC_EnableIRQ(RX_IRQ);
    huart1.hdmarx = &hdma_usart1_rx;
}

// With the interrupt ticked in CubeMX, as most projects have it.
void MX_USART1_UART_Init(void) {
    RCC_USARTENR |= USART_CLOCK;
    gpio_clock(PORT_A);
    gpio_usart_tx(PORT_A, 9, BOARD_TX_FUNCTION);
    gpio_usart_rx(PORT_A, 10, BOARD_RX_FUNCTION);
    huart1.Instance = USART1;
    USART1->BRR = CLOCK_HZ / IAP_BOARD_RATE;
#ifdef BY_USART // HAL_RS485Ex_Init instead of HAL_UART_Init
    USART1->CR3 = USART_CR3_DEM | (BOARD_DE_ACTIVE_HIGH ? 0 : USART_CR3_DEP);
#endif
    USART1->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
#ifdef BY_USART
    gpio_alternate(BOARD_DE_PORT, BOARD_DE_PIN, BOARD_DE_FUNCTION);
#endif
#ifndef NOT_TICKED
    HAL_NVIC_EnableIRQ(USART1_IRQn);
#endif
}

HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *bytes, uint16_t size,
                                    uint32_t timeout_ms) {
    (void)timeout_ms;
    if (huart->sending) {
        return HAL_BUSY;
    }
    huart->sending = true;
    for (uint16_t i = 0; i < size; i++) {
        while ((STATUS(huart->Instance) & USART_STATUS_TXE) == 0) {
        }
        TO_SEND(huart->Instance) = bytes[i];
    }
    while ((STATUS(huart->Instance) & USART_STATUS_TC) == 0) {
    }
    huart->sending = false;
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UART_Receive_IT(UART_HandleTypeDef *huart, uint8_t *to, uint16_t size) {
    if (huart->pRxBuffPtr != NULL || size != 1) { // longer ones are not needed here
        return HAL_BUSY;
    }
    huart->pRxBuffPtr = to;
    huart->by_dma = false;
    huart->Instance->CR3 |= USART_CR3_EIE;
    huart->Instance->CR1 |= USART_CR1_RXNEIE;
    return HAL_OK;
}

HAL_StatusTypeDef HAL_UARTEx_ReceiveToIdle_DMA(UART_HandleTypeDef *huart, uint8_t *to,
                                               uint16_t size) {
    if (huart->pRxBuffPtr != NULL) {
        return HAL_BUSY;
    }
    huart->pRxBuffPtr = to;
    huart->RxXferSize = size;
    huart->by_dma = true;
    DMA_Channel_TypeDef *dma = huart->hdmarx->Instance;
    dma->CPAR = (uint32_t)(uintptr_t)&RECEIVED(huart->Instance);
    dma->CMAR = (uint32_t)(uintptr_t)to;
    dma->CNDTR = size;
    DMA1_IFCR = DMA_FLAGS(BOARD_USART_CHANNEL);
    dma->CCR = DMA_CCR_MINC | DMA_CCR_TCIE | DMA_IT_HT | DMA_CCR_EN;
    huart->Instance->CR3 |= USART_CR3_EIE | USART_CR3_DMAR;
    huart->Instance->CR1 |= USART_CR1_IDLEIE;
    return HAL_OK;
}

static void end_reception(UART_HandleTypeDef *huart) {
    huart->Instance->CR1 &= ~(USART_CR1_RXNEIE | USART_CR1_IDLEIE);
    huart->Instance->CR3 &= ~(USART_CR3_EIE | USART_CR3_DMAR);
    if (huart->by_dma) {
        huart->hdmarx->Instance->CCR = 0;
    }
    huart->pRxBuffPtr = NULL;
}

static void clear_status(USART_TypeDef *usart) {
#ifdef FAMILY_F1
    (void)RECEIVED(usart); // behind a read of SR
#else
    usart->ICR = STATUS_ERRORS | STATUS_IDLE;
#endif
}

static void dma_received(UART_HandleTypeDef *huart) {
    uint16_t size = (uint16_t)(huart->RxXferSize - huart->hdmarx->Instance->CNDTR);
    if (size > 0) {
        end_reception(huart);
        HAL_UARTEx_RxEventCallback(huart, size);
    }
}

void HAL_UART_IRQHandler(UART_HandleTypeDef *huart) {
    USART_TypeDef *usart = huart->Instance;
    uint32_t status = STATUS(usart);
    if (huart->pRxBuffPtr == NULL) {
        clear_status(usart);
        return;
    }
    if (huart->by_dma) {
        clear_status(usart);
        if ((status & STATUS_ERRORS) != 0) {
            end_reception(huart);
            HAL_UART_ErrorCallback(huart);
        } else if ((status & STATUS_IDLE) != 0) {
            dma_received(huart);
        }
        return;
    }
    uint8_t byte = (uint8_t)RECEIVED(usart);
    clear_status(usart);
    if ((status & USART_STATUS_RXNE) != 0) {
        *huart->pRxBuffPtr = byte;
        end_reception(huart);
        HAL_UART_RxCpltCallback(huart);
    }
    if ((status & STATUS_OVERRUN) != 0) {
        end_reception(huart);
        HAL_UART_ErrorCallback(huart);
    }
}

static void dma_handler(void) {
    uint32_t status = DMA1_ISR;
    DMA1_IFCR = DMA_FLAGS(BOARD_USART_CHANNEL);
    if ((status & DMA_COMPLETE(BOARD_USART_CHANNEL)) != 0 && huart1.pRxBuffPtr != NULL) {
        dma_received(&huart1);
    }
}

#ifdef FAMILY_F0
void DMA1_Channel2_3_IRQHandler(void) {
    dma_handler();
}
#else
void DMA1_Channel5_IRQHandler(void) {
    dma_handler();
}
#endif

#define WEAK __attribute__((weak))

WEAK void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart) {
    (void)huart;
}

WEAK void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t size) {
    (void)huart;
    (void)size;
}

WEAK void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart) {
    (void)huart;
}
