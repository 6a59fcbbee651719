// The board as a child process: its pty, its control socket, or its pipe.
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    int in, out;    // the child's stdin and stdout
    int control;    // connected to the socket, -1: not
    int port;       // the pty opened, -1: not
    char name[128]; // of the pty
    char answer[65536];
};

double process_now(void); // seconds
// Arguments end with NULL; `--control` is added with a path of its own when `control`.
void process_start(struct process *p, bool control, const char *const *args);
int process_wait(struct process *p); // exit code, -1: a signal ended it
void process_open_port(struct process *p, unsigned baud);
void process_set_rate(int fd, unsigned baud);
unsigned process_get_rate(int fd);
// One control command; the answer stays valid until the next.
const char *process_command(struct process *p, const char *line);
const char *process_ask_pipe(struct process *p, const char *line);
// Reads until `n` bytes are there or none came for `seconds`.
size_t process_read(int fd, char *data, size_t n, double seconds);
bool process_read_line(int fd, char *data, size_t room, double seconds);
long long process_number(const char *answer, const char *key); // -1: not there

#endif
