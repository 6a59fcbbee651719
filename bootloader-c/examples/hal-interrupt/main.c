// A project of STM32CubeMX that receives commands byte by byte with HAL_UART_Receive_IT, on the
// UART on which it is updated. What differs from a product without the kit is marked.
#include "main.h"

#include "iap_hal.h" // kit

extern UART_HandleTypeDef huart1;
void SystemClock_Config(void);
void MX_USART1_UART_Init(void);
void USART1_IRQHandler(void);

static uint8_t received;
static volatile bool asked;

// The product's own protocol: a question mark asks.
static void product(uint8_t byte) {
    if (byte == '?') {
        asked = true;
    }
}

void HAL_UART_RxCpltCallback(UART_HandleTypeDef *huart) {
    iap_hal_receive(&received, 1); // kit
    product(received);
    (void)HAL_UART_Receive_IT(huart, &received, 1);
}

// kit: an overrun ends reception. The HAL says so here, and nowhere else.
void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart) {
    (void)HAL_UART_Receive_IT(huart, &received, 1);
}

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_USART1_UART_Init();
    if (!iap_hal_init(&huart1)) { // kit
        Error_Handler();
    }
    (void)HAL_UART_Receive_IT(&huart1, &received, 1);
    for (;;) {
        static const char running[] = "hal-interrupt: running\r\n";
        static const char answer[] = "hal-interrupt: answer\r\n";
        (void)HAL_UART_Transmit(&huart1, (const uint8_t *)running, sizeof running - 1,
                                HAL_MAX_DELAY);
        if (asked) {
            asked = false;
            (void)HAL_UART_Transmit(&huart1, (const uint8_t *)answer, sizeof answer - 1,
                                    HAL_MAX_DELAY);
        }
        HAL_Delay(20);
    }
}

// stm32xxxx_it.c
void USART1_IRQHandler(void) {
    HAL_UART_IRQHandler(&huart1);
}
