// Forked processes, as many at a time as there are processors to use.
#ifndef EXPLORE_JOBS_H
#define EXPLORE_JOBS_H

#include <stdbool.h>

void jobs_limit(unsigned limit);

// true in the child, which ends with _exit.
bool jobs_fork(void);

// Waits for all. false: one of them, now or before, did not end well.
bool jobs_wait(void);

#endif
