// Clock, pins, DMA and USART1: of CubeMX's gpio.c, dma.c, usart.c and main.c what the choices in
// its windows make of them.
#include "main.h"

// The interrupts of USART1 and its DMA; with FreeRTOS CubeMX offers 5 and lower ones.
#define RECEPTION_PRIORITY 5

UART_HandleTypeDef huart1;
DMA_HandleTypeDef hdma_usart1_rx;

void Error_Handler(void) {
    __disable_irq();
    while (1) {
    }
}

// HSI and PLL: 48 MHz on F0, 64 MHz on F1 and F3.
void SystemClock_Config(void) {
    RCC_OscInitTypeDef oscillator = {0};
    RCC_ClkInitTypeDef clock = {0};

    oscillator.OscillatorType = RCC_OSCILLATORTYPE_HSI;
    oscillator.HSIState = RCC_HSI_ON;
    oscillator.HSICalibrationValue = RCC_HSICALIBRATION_DEFAULT;
    oscillator.PLL.PLLState = RCC_PLL_ON;
#if defined(STM32F0)
    oscillator.PLL.PLLSource = RCC_PLLSOURCE_HSI;
    oscillator.PLL.PREDIV = RCC_PREDIV_DIV1;
    oscillator.PLL.PLLMUL = RCC_PLL_MUL6;
#elif defined(STM32F1)
    oscillator.PLL.PLLSource = RCC_PLLSOURCE_HSI_DIV2;
    oscillator.PLL.PLLMUL = RCC_PLL_MUL16;
#else
    oscillator.PLL.PLLSource = RCC_PLLSOURCE_HSI;
    oscillator.PLL.PLLMUL = RCC_PLL_MUL16;
#endif
    if (HAL_RCC_OscConfig(&oscillator) != HAL_OK) {
        Error_Handler();
    }
    clock.ClockType = RCC_CLOCKTYPE_HCLK | RCC_CLOCKTYPE_SYSCLK | RCC_CLOCKTYPE_PCLK1;
    clock.SYSCLKSource = RCC_SYSCLKSOURCE_PLLCLK;
    clock.AHBCLKDivider = RCC_SYSCLK_DIV1;
#if defined(STM32F0)
    clock.APB1CLKDivider = RCC_HCLK_DIV1;
    if (HAL_RCC_ClockConfig(&clock, FLASH_LATENCY_1) != HAL_OK) {
#else
    clock.ClockType |= RCC_CLOCKTYPE_PCLK2;
    clock.APB1CLKDivider = RCC_HCLK_DIV2;
    clock.APB2CLKDivider = RCC_HCLK_DIV1;
    if (HAL_RCC_ClockConfig(&clock, FLASH_LATENCY_2) != HAL_OK) {
#endif
        Error_Handler();
    }
}

void HAL_MspInit(void) {
#if defined(STM32F1)
    __HAL_RCC_AFIO_CLK_ENABLE();
#else
    __HAL_RCC_SYSCFG_CLK_ENABLE();
#endif
    __HAL_RCC_PWR_CLK_ENABLE();
}

void MX_GPIO_Init(void) {
    __HAL_RCC_GPIOA_CLK_ENABLE();
}

void MX_DMA_Init(void) {
    __HAL_RCC_DMA1_CLK_ENABLE();
#if defined(STM32F0)
    HAL_NVIC_SetPriority(DMA1_Channel2_3_IRQn, 1, 0);
    HAL_NVIC_EnableIRQ(DMA1_Channel2_3_IRQn);
#else
    HAL_NVIC_SetPriority(DMA1_Channel5_IRQn, RECEPTION_PRIORITY, 0);
    HAL_NVIC_EnableIRQ(DMA1_Channel5_IRQn);
#endif
}

void MX_USART1_UART_Init(void) {
    huart1.Instance = USART1;
    huart1.Init.BaudRate = 115200;
    huart1.Init.WordLength = UART_WORDLENGTH_8B;
    huart1.Init.StopBits = UART_STOPBITS_1;
    huart1.Init.Parity = UART_PARITY_NONE;
    huart1.Init.Mode = UART_MODE_TX_RX;
    huart1.Init.HwFlowCtl = UART_HWCONTROL_NONE;
    huart1.Init.OverSampling = UART_OVERSAMPLING_16;
    if (HAL_UART_Init(&huart1) != HAL_OK) {
        Error_Handler();
    }
}

void HAL_UART_MspInit(UART_HandleTypeDef *uart) {
    GPIO_InitTypeDef pin = {0};

    __HAL_RCC_USART1_CLK_ENABLE();
    __HAL_RCC_GPIOA_CLK_ENABLE();
#if defined(STM32F1)
    pin.Pin = GPIO_PIN_9;
    pin.Mode = GPIO_MODE_AF_PP;
    pin.Speed = GPIO_SPEED_FREQ_HIGH;
    HAL_GPIO_Init(GPIOA, &pin);
    pin.Pin = GPIO_PIN_10;
    pin.Mode = GPIO_MODE_INPUT;
    pin.Pull = GPIO_NOPULL;
    HAL_GPIO_Init(GPIOA, &pin);
#else
    pin.Pin = GPIO_PIN_9 | GPIO_PIN_10;
    pin.Mode = GPIO_MODE_AF_PP;
    pin.Pull = GPIO_NOPULL;
    pin.Speed = GPIO_SPEED_FREQ_HIGH;
#if defined(STM32F0)
    pin.Alternate = GPIO_AF1_USART1;
#else
    pin.Alternate = GPIO_AF7_USART1;
#endif
    HAL_GPIO_Init(GPIOA, &pin);
#endif
#ifdef WITH_DMA
#if defined(STM32F0)
    hdma_usart1_rx.Instance = DMA1_Channel3;
#else
    hdma_usart1_rx.Instance = DMA1_Channel5;
#endif
    hdma_usart1_rx.Init.Direction = DMA_PERIPH_TO_MEMORY;
    hdma_usart1_rx.Init.PeriphInc = DMA_PINC_DISABLE;
    hdma_usart1_rx.Init.MemInc = DMA_MINC_ENABLE;
    hdma_usart1_rx.Init.PeriphDataAlignment = DMA_PDATAALIGN_BYTE;
    hdma_usart1_rx.Init.MemDataAlignment = DMA_MDATAALIGN_BYTE;
    hdma_usart1_rx.Init.Mode = DMA_NORMAL;
    hdma_usart1_rx.Init.Priority = DMA_PRIORITY_LOW;
    if (HAL_DMA_Init(&hdma_usart1_rx) != HAL_OK) {
        Error_Handler();
    }
    __HAL_LINKDMA(uart, hdmarx, hdma_usart1_rx);
#else
    (void)uart;
#endif
#if defined(STM32F0)
    HAL_NVIC_SetPriority(USART1_IRQn, 1, 0);
#else
    HAL_NVIC_SetPriority(USART1_IRQn, RECEPTION_PRIORITY, 0);
#endif
    HAL_NVIC_EnableIRQ(USART1_IRQn);
}
