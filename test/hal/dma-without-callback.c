// hal-dma as projects are that were written without errors in mind: nothing starts reception again.
#define HAL_UART_ErrorCallback not_called
#include "../../bootloader-c/examples/hal-dma/main.c"
