// A product on a half-duplex pair, with whom nobody but the kit speaks: hal-listen without a word
// of its own.
#include "main.h"

#include "iap_hal.h"

extern UART_HandleTypeDef huart1;
void SystemClock_Config(void);
void MX_GPIO_Init(void);
void MX_USART1_UART_Init(void);
void USART1_IRQHandler(void);

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_GPIO_Init();
    MX_USART1_UART_Init();
    if (!iap_hal_listen(&huart1)) {
        Error_Handler();
    }
    for (;;) {
    }
}

void USART1_IRQHandler(void) {
    if (!iap_hal_interrupt()) {
        HAL_UART_IRQHandler(&huart1);
    }
}
