#ifndef ORIGINBYPASS_CONFIG_ARENA_H
#define ORIGINBYPASS_CONFIG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/** A piece of memory from which many small ones are allocated. */
struct arena_chunk;

/**
 * Memory that is allocated in small pieces and given back as a whole. Starts as all zeros. Where
 * malloc(3) has failed once it is `exhausted` from then on: one look at the end tells whether anything is missing.
 */
struct arena {
    struct arena_chunk *chunks;
    bool exhausted;
};

/** Zeroed memory, aligned for any type of this project; NULL: no memory. */
void *arena_allocate(struct arena *arena, size_t size);

/** A NUL-terminated copy of `length` octets; NULL: no memory. */
const char *arena_text(struct arena *arena, const char *text, size_t length);

/** As snprintf(3), into memory of its own; never NULL: without memory a static text. */
const char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Give all of it back. */
void arena_release(struct arena_chunk *chunks);

#endif
