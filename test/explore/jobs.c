#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned limit = 2;
static unsigned running;
static bool failed;

void jobs_limit(unsigned most) {
    limit = most;
}

static void reap(void) {
    int status;
    if (wait(&status) > 0) {
        running--;
        failed = failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
}

bool jobs_fork(void) {
    while (running >= limit) {
        reap();
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    running += pid > 0;
    return pid == 0;
}

bool jobs_wait(void) {
    while (running > 0) {
        reap();
    }
    return !failed;
}
