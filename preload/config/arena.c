#include "originbypass/config/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    uint64_t words[];
};

enum { CHUNK_SIZE_FIRST = 4096, CHUNK_SIZE_MAX = 256 * 1024 };

/* Each chunk is twice its predecessor: few calls for a large configuration, little waste for a small one. */
static bool add_chunk(struct arena *arena, size_t needed) {
    size_t size = arena->chunks == NULL ? CHUNK_SIZE_FIRST : arena->chunks->size * 2;
    if (size > CHUNK_SIZE_MAX)
        size = CHUNK_SIZE_MAX;
    if (size < needed)
        size = needed;
    struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + size);
    if (chunk == NULL)
        return false;
    chunk->size = size;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return true;
}

void *arena_allocate(struct arena *arena, size_t size) {
    size = (size + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        if (!add_chunk(arena, size)) {
            arena->exhausted = true;
            return NULL;
        }
        chunk = arena->chunks;
    }
    void *allocated = (char *)chunk->words + chunk->used;
    chunk->used += size;
    return allocated;
}

const char *arena_text(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_allocate(arena, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

const char *arena_print(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : arena_allocate(arena, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text == NULL ? "(no memory)" : text;
}

void arena_release(struct arena_chunk *chunks) {
    while (chunks != NULL) {
        struct arena_chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
}
