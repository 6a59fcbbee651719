// Unix socket with several clients: one command a line in, one JSON object a line out.
#ifndef BOARD_SERVER_H
#define BOARD_SERVER_H

#include <poll.h>

#include "session.h"

#define SERVER_CLIENTS 8
#define SERVER_LINE    16384u // longest command; longer ones are refused, not stored

struct client {
    int fd;
    char line[SERVER_LINE];
    size_t len;
    bool too_long;
    char *out; // what the client has not taken yet; no command is read meanwhile
    size_t out_len, out_done;
};

struct server {
    int fd;
    const char *path;
    struct client client[SERVER_CLIENTS];
    struct json answer;
};

bool server_open(struct server *v, const char *path); // path NULL: no server
void server_close(struct server *v);
// Adds what to wait for; returns the number of entries used (at most 1 + SERVER_CLIENTS).
nfds_t server_poll(const struct server *v, struct pollfd *fds);
void server_serve(struct server *v, struct session *s);

#endif
