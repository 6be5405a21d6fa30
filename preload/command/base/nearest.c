#include "originbypass/command/base/nearest.h"

#include <ctype.h>
#include <string.h>

/* Longer words are not slips of the hand. */
enum { LENGTH_MAX = 64 };

static size_t least(size_t a, size_t b, size_t c) {
    size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* Computed row by row: `row[j]` is the distance between the letters of `a` so far and the first j letters of `b`. */
static size_t distance_between(const char *a, const char *b) {
    size_t row[LENGTH_MAX + 1], length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];
            size_t replaced = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            row[j] = least(replaced, above + 1, row[j - 1] + 1);
            diagonal = above;
        }
    }
    return row[length];
}

const char *nearest_word(const char *written, const char *const *words, size_t count) {
    return nearest_word_within(written, words, count, (strlen(written) + 1) / 2);
}

const char *nearest_word_within(const char *written, const char *const *words, size_t count, size_t shortest) {
    const char *nearest = NULL;
    if (strlen(written) > LENGTH_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance = strlen(words[i]) > LENGTH_MAX ? shortest : distance_between(written, words[i]);
        if (distance < shortest) {
            shortest = distance;
            nearest = words[i];
        }
    }
    return nearest;
}
