// A product with FreeRTOS that receives by DMA into a stream buffer, which a task empties; another
// task prints. A question mark asks.
#include "main.h"

#include "FreeRTOS.h"
#include "stream_buffer.h"
#include "task.h"
#include <stdbool.h>
/* USER CODE BEGIN Includes */

/* USER CODE END Includes */

#define VERSION "1"
// Words: what the product's own task needs
#define PRINT_STACK 128
#define UART_STACK  256

static uint8_t rx[64];
static StreamBufferHandle_t received;
static volatile bool asked;

static void receive(void) {
    HAL_UARTEx_ReceiveToIdle_DMA(&huart1, rx, sizeof rx);
    __HAL_DMA_DISABLE_IT(&hdma_usart1_rx, DMA_IT_HT);
}

void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t Size) {
    BaseType_t woken = pdFALSE;
    (void)huart;
    xStreamBufferSendFromISR(received, rx, Size, &woken);
    receive();
    portYIELD_FROM_ISR(woken);
}

static void uart_task(void *argument) {
    uint8_t bytes[32];
    (void)argument;
    for (;;) {
        size_t size = xStreamBufferReceive(received, bytes, sizeof bytes, portMAX_DELAY);
        for (size_t i = 0; i < size; i++) {
            if (bytes[i] == '?') {
                asked = true;
            }
        }
    }
}

static void print_task(void *argument) {
    (void)argument;
    for (;;) {
        static const uint8_t running[] = "product " VERSION ": running\r\n";
        static const uint8_t answer[] = "product " VERSION ": answer\r\n";
        HAL_UART_Transmit(&huart1, running, sizeof running - 1, HAL_MAX_DELAY);
        if (asked) {
            asked = false;
            HAL_UART_Transmit(&huart1, answer, sizeof answer - 1, HAL_MAX_DELAY);
        }
        vTaskDelay(20);
    }
}

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_GPIO_Init();
    MX_DMA_Init();
    MX_USART1_UART_Init();
    /* USER CODE BEGIN 2 */

    received = xStreamBufferCreate(256, 1);
    xTaskCreate(uart_task, "uart", UART_STACK, NULL, 2, NULL);
    xTaskCreate(print_task, "print", PRINT_STACK, NULL, 2, NULL);
    receive();
    /* USER CODE END 2 */
    vTaskStartScheduler();
    Error_Handler();
}
