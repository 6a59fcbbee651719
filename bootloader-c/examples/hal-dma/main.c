// A project of STM32CubeMX that receives by DMA until the line is idle, on the UART on which it is
// updated. What differs from a product without the kit is marked.
#include "main.h"

#include "iap_hal.h" // kit

extern UART_HandleTypeDef huart1;
void SystemClock_Config(void);
void MX_DMA_Init(void);
void MX_USART1_UART_Init(void);
void USART1_IRQHandler(void);

static uint8_t received[64];
static volatile bool asked;

// The product's own protocol: a question mark asks.
static void product(const uint8_t *bytes, uint16_t size) {
    for (uint16_t i = 0; i < size; i++) {
        if (bytes[i] == '?') {
            asked = true;
        }
    }
}

static void receive(void) {
    (void)HAL_UARTEx_ReceiveToIdle_DMA(&huart1, received, sizeof received);
    __HAL_DMA_DISABLE_IT(huart1.hdmarx, DMA_IT_HT); // a half that is full is no event
    // A damaged byte is no event either: where one ends reception by DMA, ST's HAL sets to 0 what
    // HAL_UART_Transmit has left to send, and that goes on behind the end of its bytes.
    huart1.Instance->CR3 &= ~USART_CR3_EIE;
}

void HAL_UARTEx_RxEventCallback(UART_HandleTypeDef *huart, uint16_t size) {
    (void)huart;
    iap_hal_receive(received, size); // kit
    product(received, size);
    receive();
}

// kit: what ends reception all the same, an error of the DMA. The HAL says so here, and nowhere
// else.
void HAL_UART_ErrorCallback(UART_HandleTypeDef *huart) {
    (void)huart;
    receive();
}

int main(void) {
    HAL_Init();
    SystemClock_Config();
    MX_DMA_Init();
    MX_USART1_UART_Init();
    if (!iap_hal_init(&huart1)) { // kit
        Error_Handler();
    }
    receive();
    for (;;) {
        static const char running[] = "hal-dma: running\r\n";
        static const char answer[] = "hal-dma: answer\r\n";
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
