set(PORT_INCLUDES ports/stm32)
set(PORT_SOURCES ports/stm32/clock.c ports/stm32/crc.c ports/stm32/flash.c ports/stm32/flash_run.c ports/stm32/port.c ports/stm32/supply.c ports/stm32/usart.c)
set(VECTORS ports/cortexm/vectors_vtor.c)
