// Of a project as STM32CubeMX writes it, with a pair of files for each peripheral; one text for
// three families, which is all that it would not do.
#ifndef MAIN_H
#define MAIN_H

#if defined(STM32F072xB)
#include "stm32f0xx_hal.h"
#elif defined(STM32F103xB)
#include "stm32f1xx_hal.h"
#else
#include "stm32f3xx_hal.h"
#endif

extern UART_HandleTypeDef huart1;
extern DMA_HandleTypeDef hdma_usart1_rx;

void Error_Handler(void);
void SystemClock_Config(void);
void MX_DMA_Init(void);
void MX_GPIO_Init(void);
void MX_USART1_UART_Init(void);

#endif
