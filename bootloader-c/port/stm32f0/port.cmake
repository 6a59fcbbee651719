set(PORT_INCLUDES port/stm32)
set(PORT_SOURCES port/stm32/clock.c port/stm32/flash.c port/stm32/parity.c port/stm32/port.c port/stm32/supply.c port/stm32/usart.c)
set(VECTORS port/stm32f0/vectors.c)
