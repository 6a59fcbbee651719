// What main needs of a port.
#ifndef PORT_H
#define PORT_H

#include "iap_port.h"

#define RING_RESERVE 256u // bytes of the ring that the window leaves free: delimiters and noise

// The device, usable before port_start for reading flash only.
struct iap_target port_target(void);

// Why the device was reset, as the hardware says. Not cleared: that is the application's.
uint32_t port_reset_flags(void);

// Around iap_start_allowed, which reads all of the image: the usual clock, and clock tree and flash
// access as the reset left them.
void port_clock_start(void);
void port_clock_stop(void);

// Starts clock, time, watchdog feeding, reception at this rate, and the button.
void port_start(uint32_t rate);

#endif
