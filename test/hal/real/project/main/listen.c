// A product that prints and receives nothing.
#include "main.h"
/* USER CODE BEGIN Includes */

/* USER CODE END Includes */

#define VERSION "1"

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_GPIO_Init();
    MX_USART1_UART_Init();
    /* USER CODE BEGIN 2 */

    /* USER CODE END 2 */
    while (1) {
        static const uint8_t running[] = "product " VERSION ": running\r\n";
        HAL_UART_Transmit(&huart1, running, sizeof running - 1, HAL_MAX_DELAY);
        HAL_Delay(20);
    }
}
