// RFC 1951 a second way: codes are trees, bits are read out of the whole stream by their number.
#include <string.h>

#include "reference.h"

#define SYMBOLS 320u
#define NODES   (SYMBOLS * 15u + 1u)

struct tree {
    int16_t child[NODES][2]; // above 0: a node; below 0: -1 - symbol; 0: no code
    int used;
    bool crowded; // more codes than there are
};

struct reader {
    const uint8_t *bytes;
    size_t size; // bytes
    size_t at;   // bits
    bool behind; // a bit behind the end was wanted
};

static unsigned bits(struct reader *reader, unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; i++, reader->at++) {
        if (reader->at / 8 >= reader->size) {
            reader->behind = true;
            return 0;
        }
        value |= (reader->bytes[reader->at / 8] >> reader->at % 8 & 1u) << i;
    }
    return value;
}

// 3.2.2: codes of one length count up from twice what follows the codes of the length before.
static void grow(struct tree *tree, const uint8_t *lengths, int count) {
    unsigned code = 0;
    memset(tree->child[0], 0, sizeof tree->child[0]);
    tree->used = 1;
    tree->crowded = false;
    for (int length = 1; length <= 15; length++, code <<= 1) {
        for (int symbol = 0; symbol < count; symbol++) {
            if (lengths[symbol] != length) {
                continue;
            }
            if (code >> length != 0) {
                tree->crowded = true;
                return;
            }
            int node = 0;
            for (int bit = length - 1; bit > 0; bit--) {
                int16_t *next = &tree->child[node][code >> bit & 1];
                if (*next == 0) {
                    memset(tree->child[tree->used], 0, sizeof tree->child[0]);
                    *next = (int16_t)tree->used++;
                }
                node = *next;
            }
            tree->child[node][code & 1] = (int16_t)(-1 - symbol);
            code++;
        }
    }
}

static int symbol(struct reader *reader, const struct tree *tree) {
    int node = 0;
    while (!reader->behind) {
        node = tree->child[node][bits(reader, 1)];
        if (node <= 0) {
            break;
        }
    }
    return reader->behind || node == 0 ? -1 : -1 - node;
}

static void fixed_codes(struct tree *literals, struct tree *distances) {
    uint8_t lengths[288];
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    grow(literals, lengths, 288);
    memset(lengths, 5, 30);
    grow(distances, lengths, 30);
}

static enum reference_inflated own_codes(struct reader *reader, struct tree *literals,
                                         struct tree *distances) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    static struct tree tree;
    uint8_t lengths[SYMBOLS] = {0};
    int literal_count = (int)bits(reader, 5) + 257;
    int count = literal_count + (int)bits(reader, 5) + 1;
    int given = (int)bits(reader, 4) + 4;
    for (int i = 0; i < given; i++) {
        lengths[order[i]] = (uint8_t)bits(reader, 3);
    }
    grow(&tree, lengths, 19);
    if (tree.crowded) {
        return REFERENCE_CODES;
    }
    memset(lengths, 0, sizeof lengths);
    for (int at = 0; at < count;) {
        int what = symbol(reader, &tree);
        if (what < 0) {
            return REFERENCE_DAMAGED;
        }
        if (what < 16) {
            lengths[at++] = (uint8_t)what;
            continue;
        }
        if (what == 16 && at == 0) {
            return REFERENCE_CODES; // as the one before, and there is none
        }
        int again = what == 16   ? 3 + (int)bits(reader, 2)
                    : what == 17 ? 3 + (int)bits(reader, 3)
                                 : 11 + (int)bits(reader, 7);
        if (reader->behind || at + again > count) {
            return REFERENCE_DAMAGED;
        }
        memset(lengths + at, what == 16 ? lengths[at - 1] : 0, (size_t)again);
        at += again;
    }
    grow(literals, lengths, literal_count);
    grow(distances, lengths + literal_count, count - literal_count);
    return literals->crowded || distances->crowded ? REFERENCE_CODES : REFERENCE_INFLATED;
}

struct output {
    const uint8_t *dictionary;
    size_t dictionary_size;
    uint8_t *bytes;
    size_t size;
    size_t most;
    size_t behind; // what the stream lies behind the output at least, so that it is read first
};

static bool room(struct output *output, const struct reader *reader, size_t size) {
    size_t read = (reader->at + 7) / 8;
    if (reader->behind || output->size + size > output->most) {
        return false;
    }
    if (output->size + size > read + output->behind) {
        output->behind = output->size + size - read;
    }
    return true;
}

static bool copy(struct output *output, size_t distance, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (distance > output->size + output->dictionary_size) {
            return false;
        }
        output->bytes[output->size] =
            distance <= output->size
                ? output->bytes[output->size - distance]
                : output->dictionary[output->dictionary_size + output->size - distance];
        output->size++;
    }
    return true;
}

static enum reference_inflated coded(struct reader *reader, struct output *output,
                                     const struct tree *literals, const struct tree *distances) {
    static const uint16_t length_of[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                         15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                         67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    for (;;) {
        int what = symbol(reader, literals);
        if (what == 256) {
            return REFERENCE_INFLATED;
        }
        if (what < 0 || what > 285) {
            return REFERENCE_DAMAGED;
        }
        if (what < 256) {
            if (!room(output, reader, 1)) {
                return REFERENCE_DAMAGED;
            }
            output->bytes[output->size++] = (uint8_t)what;
            continue;
        }
        size_t length = length_of[what - 257] + bits(reader, length_bits[what - 257]);
        int far = symbol(reader, distances);
        if (far < 0 || far > 29) {
            return REFERENCE_DAMAGED;
        }
        size_t distance = 1; // 3.2.5: 1 to 4, then pairs of which each is twice as wide
        for (int i = 0; i < far; i++) {
            distance += i < 4 ? 1u : 1u << (i / 2 - 1);
        }
        distance += bits(reader, far < 4 ? 0 : (unsigned)far / 2 - 1);
        if (!room(output, reader, length) || !copy(output, distance, length)) {
            return REFERENCE_DAMAGED;
        }
    }
}

static enum reference_inflated stored(struct reader *reader, struct output *output) {
    reader->at = (reader->at + 7) / 8 * 8;
    size_t size = bits(reader, 16);
    if (bits(reader, 16) != (~size & 0xffff) || reader->behind) {
        return REFERENCE_DAMAGED;
    }
    for (; size > 0; size--) {
        uint8_t byte = (uint8_t)bits(reader, 8);
        if (!room(output, reader, 1)) {
            return REFERENCE_DAMAGED;
        }
        output->bytes[output->size++] = byte;
    }
    return REFERENCE_INFLATED;
}

enum reference_inflated reference_inflate(const uint8_t *stream, size_t stream_size,
                                          const uint8_t *dictionary, size_t dictionary_size,
                                          uint8_t *to, size_t most, size_t *size, size_t *behind) {
    static struct tree literals, distances;
    struct reader reader = {.bytes = stream, .size = stream_size};
    struct output output = {dictionary, dictionary_size, to, 0, most, 0};
    enum reference_inflated found = REFERENCE_INFLATED;
    for (bool last = false; !last && found == REFERENCE_INFLATED;) {
        last = bits(&reader, 1) != 0;
        unsigned kind = bits(&reader, 2);
        if (reader.behind || kind == 3) {
            found = REFERENCE_DAMAGED;
        } else if (kind == 0) {
            found = stored(&reader, &output);
        } else {
            if (kind == 1) {
                fixed_codes(&literals, &distances);
            } else {
                found = own_codes(&reader, &literals, &distances);
            }
            found = found == REFERENCE_INFLATED ? coded(&reader, &output, &literals, &distances)
                                                : found;
        }
    }
    *size = output.size;
    *behind = output.behind;
    return found == REFERENCE_INFLATED && (reader.at + 7) / 8 != stream_size ? REFERENCE_DAMAGED
                                                                             : found;
}
