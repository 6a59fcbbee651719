// A writer of one JSON object, enough for the answers of this program.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

static void put(struct json *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct json *j, const char *fmt, ...) {
    for (;;) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(j->text ? j->text + j->len : NULL, j->room - j->len, fmt, ap);
        va_end(ap);
        if (n < 0) {
            abort();
        }
        if (j->len + (size_t)n < j->room) {
            j->len += (size_t)n;
            return;
        }
        j->room = 2 * j->room + (size_t)n + 256;
        j->text = realloc(j->text, j->room);
        if (!j->text) {
            abort();
        }
    }
}

static void put_string(struct json *j, const char *s) {
    put(j, "\"");
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            put(j, "\\%c", c);
        } else if (c < 0x20 || c >= 0x7F) {
            put(j, "\\u%04x", c); // bytes, not UTF-8: shown as Latin-1
        } else {
            put(j, "%c", c);
        }
    }
    put(j, "\"");
}

static void put_key(struct json *j, const char *key) {
    put(j, "%s", j->comma ? "," : "");
    j->comma = true;
    if (key) {
        put_string(j, key);
        put(j, ":");
    }
}

void json_begin(struct json *j) {
    j->len = 0;
    j->comma = false;
    put(j, "%s", "");
}

void json_open(struct json *j, const char *key, char bracket) {
    put_key(j, key);
    put(j, "%c", bracket);
    j->comma = false;
}

void json_close(struct json *j, char bracket) {
    put(j, "%c", bracket);
    j->comma = true;
}

void json_str(struct json *j, const char *key, const char *value) {
    put_key(j, key);
    if (value) {
        put_string(j, value);
    } else {
        put(j, "null");
    }
}

void json_u64(struct json *j, const char *key, uint64_t value) {
    put_key(j, key);
    put(j, "%llu", (unsigned long long)value);
}

void json_i64(struct json *j, const char *key, int64_t value) {
    put_key(j, key);
    put(j, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value) {
    put_key(j, key);
    put(j, value ? "true" : "false");
}

void json_fixed(struct json *j, const char *key, uint64_t thousandths) {
    put_key(j, key);
    put(j, "%llu.%03u", (unsigned long long)(thousandths / 1000), (unsigned)(thousandths % 1000));
}

void json_hex(struct json *j, const char *key, const uint8_t *data, size_t n) {
    put_key(j, key);
    put(j, "\"");
    for (size_t i = 0; i < n; i++) {
        put(j, "%02x", data[i]);
    }
    put(j, "\"");
}

void json_free(struct json *j) {
    free(j->text);
    *j = (struct json){0};
}
