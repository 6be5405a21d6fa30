#include "originbypass/command/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *memory_checked(void *memory) {
    if (memory != NULL)
        return memory;
    fputs("originbypass: no memory\n", stderr);
    _exit(EXIT_FAILURE);
}

void *memory_zeroed(size_t count, size_t size) {
    return memory_checked(calloc(count == 0 ? 1 : count, size));
}

void *memory_resize(void *memory, size_t count, size_t size) {
    return memory_checked(reallocarray(memory, count == 0 ? 1 : count, size));
}

char *memory_text(const char *text) {
    return memory_checked(strdup(text));
}
