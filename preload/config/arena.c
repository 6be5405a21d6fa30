#include "originbypass/config/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config_chunk {
    struct config_chunk *next;
    size_t size, used;
    uint64_t words[];
};

enum { CHUNK_SIZE_FIRST = 4096, CHUNK_SIZE_MAX = 256 * 1024 };

/* Each chunk is twice its predecessor: few calls for a large configuration, little waste for a small one. */
static bool add_chunk(struct config_memory *memory, size_t needed) {
    size_t size = memory->chunks == NULL ? CHUNK_SIZE_FIRST : memory->chunks->size * 2;
    if (size > CHUNK_SIZE_MAX)
        size = CHUNK_SIZE_MAX;
    if (size < needed)
        size = needed;
    struct config_chunk *chunk = calloc(1, sizeof(*chunk) + size);
    if (chunk == NULL)
        return false;
    chunk->size = size;
    chunk->next = memory->chunks;
    memory->chunks = chunk;
    return true;
}

void *config_memory_take(struct config_memory *memory, size_t size) {
    size = (size + sizeof(uint64_t) - 1) & ~(sizeof(uint64_t) - 1);
    struct config_chunk *chunk = memory->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        if (!add_chunk(memory, size)) {
            memory->exhausted = true;
            return NULL;
        }
        chunk = memory->chunks;
    }
    void *taken = (char *)chunk->words + chunk->used;
    chunk->used += size;
    return taken;
}

const char *config_memory_text(struct config_memory *memory, const char *text, size_t length) {
    char *copy = config_memory_take(memory, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

const char *config_memory_print(struct config_memory *memory, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : config_memory_take(memory, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text == NULL ? "(no memory)" : text;
}

void config_memory_release(struct config_chunk *chunks) {
    while (chunks != NULL) {
        struct config_chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
}
