// The end of a firmware's main: it can be updated, and says twice a second that it runs.
#ifndef LISTEN_H
#define LISTEN_H

_Noreturn void listen(const char *text);

#endif
