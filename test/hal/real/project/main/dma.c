// A product that receives by DMA until the line is idle: a question mark asks.
#include "main.h"
#include <stdbool.h>
/* USER CODE BEGIN Includes */

/* USER CODE END Includes */

#define VERSION "1"

static uint8_t received[64];
static volatile bool asked;

static void receive(void) {
    HAL_UARTEx_ReceiveToIdle_DMA(&huart1, received, sizeof received);
    __HAL_DMA_DISABLE_IT(&hdma_usart1_rx, DMA_IT_HT);
}

void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t Size) {
    (void)huart;
    for (uint16_t i = 0; i < Size; i++) {
        if (received[i] == '?') {
            asked = true;
        }
    }
    receive();
}

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_GPIO_Init();
    MX_DMA_Init();
    MX_USART1_UART_Init();
    /* USER CODE BEGIN 2 */

    receive();
    /* USER CODE END 2 */
    while (1) {
        static const uint8_t running[] = "product " VERSION ": running\r\n";
        static const uint8_t answer[] = "product " VERSION ": answer\r\n";
        HAL_UART_Transmit(&huart1, running, sizeof running - 1, HAL_MAX_DELAY);
        if (asked) {
            asked = false;
            HAL_UART_Transmit(&huart1, answer, sizeof answer - 1, HAL_MAX_DELAY);
        }
        HAL_Delay(20);
    }
}
