#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool server_open(struct server *v, const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    v->fd = -1;
    v->path = path;
    for (int i = 0; i < SERVER_CLIENTS; i++) {
        v->client[i].fd = -1;
    }
    if (!path) {
        return true;
    }
    if (strlen(path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(a.sun_path, path, strlen(path));
    v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->fd < 0) {
        return false;
    }
    // A socket nobody answers at is left over from a board that was killed.
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode)) {
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (probe >= 0 && connect(probe, (struct sockaddr *)&a, sizeof a) != 0 &&
            errno == ECONNREFUSED) {
            unlink(path);
        }
        close(probe);
    }
    if (bind(v->fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(v->fd, 4) != 0) {
        int e = errno;
        close(v->fd);
        v->fd = -1;
        errno = e;
        return false;
    }
    return true;
}

static void drop(struct client *c) {
    close(c->fd);
    free(c->out);
    c->out = NULL;
    c->out_len = c->out_done = c->len = 0;
    c->too_long = false;
    c->fd = -1;
}

void server_close(struct server *v) {
    for (int i = 0; i < SERVER_CLIENTS; i++) {
        if (v->client[i].fd >= 0) {
            drop(&v->client[i]);
        }
    }
    if (v->fd >= 0) {
        close(v->fd);
        unlink(v->path);
    }
    json_free(&v->answer);
}

nfds_t server_poll(const struct server *v, struct pollfd *fds) {
    nfds_t n = 0;
    if (v->fd >= 0) {
        fds[n++] = (struct pollfd){.fd = v->fd, .events = POLLIN};
    }
    for (int i = 0; i < SERVER_CLIENTS; i++) {
        const struct client *c = &v->client[i];
        if (c->fd >= 0) {
            fds[n++] = (struct pollfd){.fd = c->fd, .events = c->out ? POLLOUT : POLLIN};
        }
    }
    return n;
}

static void flush_out(struct client *c) {
    while (c->out && c->fd >= 0) {
        ssize_t n = send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                drop(c);
            }
            return;
        }
        c->out_done += (size_t)n;
        if (c->out_done == c->out_len) {
            free(c->out);
            c->out = NULL;
        }
    }
}

static void queue(struct client *c, const char *text) {
    size_t n = strlen(text);
    c->out = malloc(n + 1);
    if (!c->out) {
        abort();
    }
    memcpy(c->out, text, n);
    c->out[n] = '\n';
    c->out_len = n + 1;
    c->out_done = 0;
    flush_out(c);
}

// Answers the complete lines there are; stops while an answer waits to be taken.
static void answer_lines(struct server *v, struct client *c, struct session *s) {
    char *nl;
    while (c->fd >= 0 && !c->out && (nl = memchr(c->line, '\n', c->len)) != NULL) {
        size_t used = (size_t)(nl - c->line) + 1;
        *nl = 0;
        if (c->too_long) {
            control_error(&v->answer, "line longer than %u bytes", SERVER_LINE - 1);
            json_close(&v->answer, '}');
            c->too_long = false;
        } else if (memchr(c->line, 0, used - 1)) {
            control_error(&v->answer, "a command does not contain zero bytes");
            json_close(&v->answer, '}');
        } else {
            control_command(s, c->line, &v->answer);
        }
        c->len -= used;
        memmove(c->line, nl + 1, c->len);
        queue(c, v->answer.text);
    }
}

static void serve_client(struct server *v, struct client *c, struct session *s) {
    flush_out(c);
    while (c->fd >= 0 && !c->out) {
        answer_lines(v, c, s);
        if (c->fd < 0 || c->out) {
            return;
        }
        if (c->len == sizeof c->line) { // no newline in it: forget it, refuse at its end
            c->too_long = true;
            c->len = 0;
        }
        ssize_t n = recv(c->fd, c->line + c->len, sizeof c->line - c->len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            drop(c);
        }
        if (n <= 0) {
            return;
        }
        c->len += (size_t)n;
    }
}

void server_serve(struct server *v, struct session *s) {
    if (v->fd < 0) {
        return;
    }
    int fd = accept4(v->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (int i = 0; fd >= 0 && i < SERVER_CLIENTS; i++) {
        if (v->client[i].fd < 0) {
            v->client[i].fd = fd;
            fd = -1;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    for (int i = 0; i < SERVER_CLIENTS; i++) {
        if (v->client[i].fd >= 0) {
            serve_client(v, &v->client[i], s);
        }
    }
}
