// The serial port the host sees: a new pty, or an existing device.
#ifndef BOARD_PORT_H
#define BOARD_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port {
    int fd;        // pty master, or the device
    int slave;     // kept open: without it reads fail between two hosts; -1 for a device
    int watch;     // inotify on the slave, -1: not available
    int listeners; // hosts that have the slave open
    bool is_pty;
    char name[128];
};

bool port_open_pty(struct port *p);
bool port_open_device(struct port *p, const char *path);
void port_close(struct port *p);

// The rate the host set on the pty; 0: B0 or unknown.
uint32_t port_host_rate(const struct port *p);
// Sets a device's rate; false: refused, *actual is what it runs at.
bool port_set_rate(struct port *p, uint32_t baud, uint32_t *actual);

// Counts hosts opening and closing the slave. True: the last one has gone.
bool port_update_listeners(struct port *p);

// Never blocks. Bytes taken (the rest has nobody to hear it), or read; -1: the device is gone.
long port_write(struct port *p, const uint8_t *data, size_t n);
long port_read(struct port *p, uint8_t *data, size_t room);

#endif
