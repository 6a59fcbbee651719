// A project of STM32CubeMX that prints on its UART and receives nothing: the kit receives by
// itself. What differs from what CubeMX wrote is marked; the rest stands for it. The same on
// STM32F0, F1 and F3.
#include "main.h"

#include "iap_app.h"   // kit
#include "iap_board.h" // kit
#include "iap_hal.h"   // kit

#define SELF_TEST_MS 500u

extern UART_HandleTypeDef huart1;
void SystemClock_Config(void);
void MX_USART1_UART_Init(void);
void USART1_IRQHandler(void);

static void print(const char *text, uint16_t size) {
    (void)HAL_UART_Transmit(&huart1, (const uint8_t *)text, size, HAL_MAX_DELAY);
}

int main(void) {
    // kit: only for a debugger that starts the application itself. VTOR; on a Cortex-M0, SRAM at 0.
    iap_app_use_vectors(IAP_BOARD_APP_BASE);
    HAL_Init();
    SystemClock_Config();
    MX_USART1_UART_Init();
    if (!iap_hal_listen(&huart1)) { // kit
        Error_Handler();
    }
    bool confirmed = false;
    for (;;) {
        static const char text[] = "hal-listen: running\r\n";
        print(text, sizeof text - 1);
        if (!confirmed && HAL_GetTick() > SELF_TEST_MS) { // kit: has proven itself
            confirmed = iap_hal_confirm();
        }
        HAL_Delay(20);
    }
}

// stm32xxxx_it.c
void USART1_IRQHandler(void) {
    if (iap_hal_interrupt()) { // kit
        return;
    }
    HAL_UART_IRQHandler(&huart1);
}
