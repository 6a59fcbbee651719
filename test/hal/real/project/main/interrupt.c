// A product that receives commands byte by byte with HAL_UART_Receive_IT: a question mark asks.
#include "main.h"
#include <stdbool.h>
/* USER CODE BEGIN Includes */

/* USER CODE END Includes */

#define VERSION "1"

static uint8_t received;
static volatile bool asked;

void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart) {
    if (received == '?') {
        asked = true;
    }
    HAL_UART_Receive_IT(huart, &received, 1);
}

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_GPIO_Init();
    MX_USART1_UART_Init();
    /* USER CODE BEGIN 2 */

    HAL_UART_Receive_IT(&huart1, &received, 1);
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
