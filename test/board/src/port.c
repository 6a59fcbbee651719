#include "port.h"

#include <asm/termbits.h> // termios2: rates that have no B constant; excludes <termios.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool make_raw(int fd, uint32_t baud) {
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0) {
        return false;
    }
    t.c_iflag = 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | (BOTHER << IBSHIFT);
    t.c_ispeed = t.c_ospeed = baud;
    memset(t.c_cc, 0, sizeof t.c_cc);
    t.c_cc[VMIN] = 1;
    return ioctl(fd, TCSETS2, &t) == 0;
}

bool port_open_pty(struct port *p) {
    *p = (struct port){.fd = -1, .slave = -1, .watch = -1, .is_pty = true};
    p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->fd < 0 || grantpt(p->fd) != 0 || unlockpt(p->fd) != 0 ||
        ptsname_r(p->fd, p->name, sizeof p->name) != 0) {
        port_close(p);
        return false;
    }
    p->slave = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->slave < 0 || !make_raw(p->slave, 115200) ||
        fcntl(p->fd, F_SETFL, O_RDWR | O_NONBLOCK) != 0) {
        port_close(p);
        return false;
    }
    p->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (p->watch >= 0 && inotify_add_watch(p->watch, p->name, IN_OPEN | IN_CLOSE) < 0) {
        close(p->watch);
        p->watch = -1;
    }
    return true;
}

bool port_open_device(struct port *p, const char *path) {
    *p = (struct port){.fd = -1, .slave = -1, .watch = -1, .listeners = 1};
    snprintf(p->name, sizeof p->name, "%s", path);
    p->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd >= 0 && !make_raw(p->fd, 115200)) {
        int e = errno;
        port_close(p);
        errno = e;
    }
    return p->fd >= 0;
}

void port_close(struct port *p) {
    int *fds[] = {&p->fd, &p->slave, &p->watch};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

uint32_t port_host_rate(const struct port *p) {
    struct termios2 t; // asked of the master, it is the slave's
    return ioctl(p->fd, TCGETS2, &t) == 0 ? t.c_ospeed : 0;
}

bool port_set_rate(struct port *p, uint32_t baud, uint32_t *actual) {
    make_raw(p->fd, baud);
    *actual = port_host_rate(p);
    uint32_t off = *actual > baud ? *actual - baud : baud - *actual;
    return off <= baud / 50;
}

bool port_update_listeners(struct port *p) {
    if (p->watch < 0) {
        return false;
    }
    _Alignas(struct inotify_event) char buffer[4096];
    bool left = false;
    for (;;) {
        ssize_t n = read(p->watch, buffer, sizeof buffer);
        if (n <= 0) {
            break;
        }
        for (ssize_t at = 0; at < n;) {
            struct inotify_event e;
            memcpy(&e, buffer + at, sizeof e);
            if (e.mask & IN_OPEN) {
                p->listeners++;
            } else if ((e.mask & IN_CLOSE) && p->listeners > 0) {
                p->listeners--;
                left = left || p->listeners == 0; // the next may be there by now
            }
            at += (ssize_t)(sizeof e + e.len);
        }
    }
    if (left) {
        ioctl(p->slave, TCFLSH, TCIFLUSH); // the next host does not hear what this one left
        return true;
    }
    return false;
}

long port_write(struct port *p, const uint8_t *data, size_t n) {
    if (p->watch >= 0 && p->listeners == 0) {
        return 0;
    }
    size_t done = 0;
    while (done < n) {
        ssize_t k = write(p->fd, data + done, n - done);
        if (k > 0) {
            done += (size_t)k;
        } else if (k < 0 && errno == EINTR) {
            continue;
        } else if (k < 0 && errno != EAGAIN && !p->is_pty) {
            return -1;
        } else {
            break;
        }
    }
    return (long)done;
}

long port_read(struct port *p, uint8_t *data, size_t room) {
    ssize_t n = read(p->fd, data, room);
    if (n >= 0) {
        return n || p->is_pty ? (long)n : -1;
    }
    return errno == EAGAIN || errno == EINTR || p->is_pty ? 0 : -1;
}
