// CubeMX's stm32xxxx_it.c. With FreeRTOS the tick is the RTOS's, and the HAL has a timer.
#include "main.h"
/* USER CODE BEGIN Includes */

/* USER CODE END Includes */

void HardFault_Handler(void) {
    while (1) {
    }
}

#ifndef WITH_FREERTOS
void SysTick_Handler(void) {
    HAL_IncTick();
}
#endif

void USART1_IRQHandler(void) {
    /* USER CODE BEGIN USART1_IRQn 0 */

    /* USER CODE END USART1_IRQn 0 */
    HAL_UART_IRQHandler(&huart1);
}

#ifdef WITH_DMA
#if defined(STM32F0)
void DMA1_Channel2_3_IRQHandler(void) {
    HAL_DMA_IRQHandler(&hdma_usart1_rx);
}
#else
void DMA1_Channel5_IRQHandler(void) {
    HAL_DMA_IRQHandler(&hdma_usart1_rx);
}
#endif
#endif
