#include "process.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double process_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

size_t process_read(int fd, char *data, size_t n, double seconds) {
    double end = process_now() + seconds;
    size_t got = 0;
    while (got < n) {
        double left = end - process_now();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)(left * 1000) + 1) <= 0) {
            break;
        }
        ssize_t k = read(fd, data + got, n - got);
        if (k <= 0) {
            break;
        }
        got += (size_t)k;
        end = process_now() + seconds;
    }
    return got;
}

bool process_read_line(int fd, char *data, size_t room, double seconds) {
    size_t n = 0;
    while (n + 1 < room && process_read(fd, data + n, 1, seconds) == 1) {
        if (data[n] == '\n') {
            data[n] = 0;
            return true;
        }
        n++;
    }
    data[n] = 0;
    return false;
}

static int connect_to(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void process_start(struct process *p, bool control, const char *const *args) {
    static int serial;
    char socket_path[64];
    const char *argv[32] = {BOARD_PROGRAM};
    int n = 1, in[2], out[2];
    snprintf(socket_path, sizeof socket_path, "/tmp/board-test-%d-%d.sock", (int)getpid(),
             serial++);
    for (; *args && n < 28; args++) {
        argv[n++] = *args;
    }
    if (control) {
        argv[n++] = "--control";
        argv[n++] = socket_path;
    }
    memset(p, 0, sizeof *p);
    p->control = p->port = -1;
    if (pipe(in) || pipe(out)) {
        exit(1);
    }
    p->pid = fork();
    if (p->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 64; fd++) {
            close(fd);
        }
        execv(argv[0], (char *const *)(void *)argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    p->in = in[1];
    p->out = out[0];
    if (control) { // the port's name comes when all is ready
        process_read_line(p->out, p->answer, sizeof p->answer, 60);
        if (sscanf(p->answer, "{\"event\":\"board\",\"port\":\"%127[^\"]", p->name) != 1) {
            snprintf(p->name, sizeof p->name, "%.127s", p->answer); // without --json
        }
        p->control = connect_to(socket_path);
    }
}

int process_wait(struct process *p) {
    int status = 0;
    if (p->control >= 0) {
        close(p->control);
    }
    if (p->port >= 0) {
        close(p->port);
    }
    close(p->in);
    waitpid(p->pid, &status, 0);
    close(p->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void process_set_rate(int fd, unsigned baud) {
    struct termios2 t;
    ioctl(fd, TCGETS2, &t);
    t.c_iflag = t.c_oflag = t.c_lflag = 0;
    t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    t.c_ispeed = t.c_ospeed = baud;
    ioctl(fd, TCSETS2, &t);
}

unsigned process_get_rate(int fd) {
    struct termios2 t;
    return ioctl(fd, TCGETS2, &t) == 0 ? t.c_ospeed : 0;
}

void process_open_port(struct process *p, unsigned baud) {
    p->port = open(p->name, O_RDWR | O_NOCTTY);
    if (p->port < 0) {
        perror(p->name);
        exit(1);
    }
    process_set_rate(p->port, baud);
}

static const char *ask(struct process *p, int to, int from, const char *line) {
    size_t n = strlen(line);
    if (write(to, line, n) != (ssize_t)n || write(to, "\n", 1) != 1 ||
        !process_read_line(from, p->answer, sizeof p->answer, 60)) {
        snprintf(p->answer, sizeof p->answer, "no answer");
    }
    return p->answer;
}

const char *process_command(struct process *p, const char *line) {
    return ask(p, p->control, p->control, line);
}

const char *process_ask_pipe(struct process *p, const char *line) {
    return ask(p, p->in, p->out, line);
}

long long process_number(const char *answer, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(answer, quoted);
    return at ? atoll(at + strlen(quoted)) : -1;
}
