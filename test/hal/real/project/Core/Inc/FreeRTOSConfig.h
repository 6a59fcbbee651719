// As CubeMX's, shorter: FreeRTOS's native functions, heap_4.
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#include <stdint.h>
extern uint32_t SystemCoreClock;
void Error_Handler(void);

#define configUSE_PREEMPTION             1
#define configUSE_TIME_SLICING           1
#define configUSE_IDLE_HOOK              0
#define configUSE_TICK_HOOK              0
#define configCPU_CLOCK_HZ               SystemCoreClock
#define configTICK_RATE_HZ               1000
#define configMAX_PRIORITIES             7
#define configMINIMAL_STACK_SIZE         128
#define configTOTAL_HEAP_SIZE            6144
#define configMAX_TASK_NAME_LEN          16
#define configTICK_TYPE_WIDTH_IN_BITS    TICK_TYPE_WIDTH_32_BITS
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configENABLE_MPU                 0
#define configCHECK_FOR_STACK_OVERFLOW   0
#define configCHECK_HANDLER_INSTALLATION 1
#define configASSERT(x)                                                                            \
    if ((x) == 0)                                                                                  \
    Error_Handler()

#define INCLUDE_vTaskDelay                  1
#define INCLUDE_uxTaskGetStackHighWaterMark 1

// Cortex-M3 and M4: interrupts of priority 5 and lower may call FreeRTOS.
#define configKERNEL_INTERRUPT_PRIORITY      (15 << 4)
#define configMAX_SYSCALL_INTERRUPT_PRIORITY (5 << 4)

// The port of the Cortex-M0 has these names already.
#ifndef STM32F072xB
#define vPortSVCHandler     SVC_Handler
#define xPortPendSVHandler  PendSV_Handler
#define xPortSysTickHandler SysTick_Handler
#endif

#endif
