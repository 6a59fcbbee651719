// Stands for the main.h and the HAL of an STM32CubeMX project, as far as the kit and its examples
// use it: ours, written to what ST documents of it, with the habits that matter here.
// HAL_UART_Transmit refuses while another one sends; an overrun ends reception by interrupt, any
// error ends reception by DMA; both only say so in HAL_UART_ErrorCallback.
#ifndef MAIN_H
#define MAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef FAMILY_F1
typedef struct {
    volatile uint32_t SR, DR, BRR, CR1, CR2, CR3, GTPR;
} USART_TypeDef;
#define USART_SR_PE   (1u << 0)
#define USART_SR_FE   (1u << 1)
#define USART_SR_NE   (1u << 2)
#define USART_SR_ORE  (1u << 3)
#define USART_SR_IDLE (1u << 4)
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TC   (1u << 6)
#define USART_SR_TXE  (1u << 7)
#else
typedef struct {
    volatile uint32_t CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR;
} USART_TypeDef;
#define USART_ISR_PE     (1u << 0)
#define USART_ISR_FE     (1u << 1)
#define USART_ISR_NE     (1u << 2)
#define USART_ISR_ORE    (1u << 3)
#define USART_ISR_IDLE   (1u << 4)
#define USART_ISR_RXNE   (1u << 5)
#define USART_ISR_TC     (1u << 6)
#define USART_ISR_TXE    (1u << 7)
#define USART_ICR_PECF   (1u << 0)
#define USART_ICR_FECF   (1u << 1)
#define USART_ICR_NCF    (1u << 2)
#define USART_ICR_ORECF  (1u << 3)
#define USART_ICR_IDLECF (1u << 4)
#endif
#ifndef FAMILY_F1
#define USART_CR3_DEM (1u << 14)
#define USART_CR3_DEP (1u << 15)
#endif
#define USART1           ((USART_TypeDef *)0x40013800u)
#define USART_CR1_IDLEIE (1u << 4)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TCIE   (1u << 6)
#define USART_CR1_TXEIE  (1u << 7)
#define USART_CR3_EIE    (1u << 0)
#define USART_CR3_DMAR   (1u << 6)
#define USART_CR3_DMAT   (1u << 7)

#ifdef FAMILY_F1
typedef struct {
    volatile uint32_t CRL, CRH, IDR, ODR, BSRR;
} GPIO_TypeDef;
#define GPIOA ((GPIO_TypeDef *)0x40010800u)
#else
typedef struct {
    volatile uint32_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR;
} GPIO_TypeDef;
#define GPIOA ((GPIO_TypeDef *)0x48000000u)
#endif
typedef enum { GPIO_PIN_RESET, GPIO_PIN_SET } GPIO_PinState;

extern uint32_t SystemCoreClock;

typedef struct {
    volatile uint32_t ISER[8];
} NVIC_Type;
#define NVIC           ((NVIC_Type *)0xe000e100u)
#define NVIC_EnableIRQ HAL_NVIC_EnableIRQ

typedef struct {
    volatile uint32_t CR;
} RCC_TypeDef;
#define RCC           ((RCC_TypeDef *)0x40021000u)
#define RCC_CR_HSION  (1u << 0)
#define RCC_CR_HSIRDY (1u << 1)

typedef struct {
    volatile uint32_t CCR, CNDTR, CPAR, CMAR;
} DMA_Channel_TypeDef;
#define DMA_IT_TC (1u << 1)
#define DMA_IT_HT (1u << 2)

#ifdef FAMILY_F0
#define __NVIC_PRIO_BITS 2u
typedef enum { DMA1_Channel2_3_IRQn = 10, USART1_IRQn = 27 } IRQn_Type;
#else
#define __NVIC_PRIO_BITS 4u
typedef enum { DMA1_Channel5_IRQn = 15, USART1_IRQn = 37 } IRQn_Type;
#endif

typedef enum { HAL_OK, HAL_ERROR, HAL_BUSY, HAL_TIMEOUT } HAL_StatusTypeDef;
#define HAL_MAX_DELAY 0xffffffffu

typedef struct {
    DMA_Channel_TypeDef *Instance;
} DMA_HandleTypeDef;

typedef struct {
    USART_TypeDef *Instance;
    DMA_HandleTypeDef *hdmarx;
    uint8_t *pRxBuffPtr; // NULL: no reception
    uint16_t RxXferSize;
    bool by_dma;
    volatile bool sending;
} UART_HandleTypeDef;

#define __HAL_DMA_DISABLE_IT(handle, interrupt) ((handle)->Instance->CCR &= ~(interrupt))

#define FLASH_TYPEPROGRAM_HALFWORD 1u

void HAL_Init(void);
void HAL_Delay(uint32_t ms);
uint32_t HAL_GetTick(void);
void HAL_GPIO_WritePin(GPIO_TypeDef *port, uint16_t pin, GPIO_PinState state);
void HAL_NVIC_SetPriority(IRQn_Type irq, uint32_t priority, uint32_t sub);
void HAL_NVIC_EnableIRQ(IRQn_Type irq);
HAL_StatusTypeDef HAL_FLASH_Unlock(void);
HAL_StatusTypeDef HAL_FLASH_Program(uint32_t type, uint32_t address, uint64_t value);
HAL_StatusTypeDef HAL_FLASH_Lock(void);
HAL_StatusTypeDef HAL_UART_Transmit(UART_HandleTypeDef *huart, const uint8_t *bytes, uint16_t size,
                                    uint32_t timeout_ms);
HAL_StatusTypeDef HAL_UART_Receive_IT(UART_HandleTypeDef *huart, uint8_t *to, uint16_t size);
HAL_StatusTypeDef HAL_UARTEx_ReceiveToIdle_DMA(UART_HandleTypeDef *huart, uint8_t *to,
                                               uint16_t size);
void HAL_UART_IRQHandler(UART_HandleTypeDef *huart);
void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart);
void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t size);
void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart);
void Error_Handler(void);

#endif
