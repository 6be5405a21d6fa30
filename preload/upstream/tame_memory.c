#include <ares.h>
#include <stdlib.h>

#include "originbypass/upstream/tame.h"

/* c-ares uses the process' own memory. A failed allocation is remembered for the thread that asked for it. */
static __thread bool missed;

static void *note(void *memory) {
    missed |= memory == NULL;
    return memory;
}

static void *get_noted(size_t size) {
    return note(malloc(size));
}

static void *get_more(void *memory, size_t size) {
    return note(realloc(memory, size));
}

/*
 * A library that resolves before this runs gets c-ares' own functions. They use the same memory, so each can free what
 * the other allocated. ares_library_init_mem(3) has no other effect on Linux.
 */
__attribute__((constructor)) static void give_memory(void) {
    ares_library_init_mem(ARES_LIB_INIT_ALL, get_noted, free, get_more);
}

bool tame_missed_memory(void) {
    bool had_missed = missed;
    missed = false;
    return had_missed;
}
