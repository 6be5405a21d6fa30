/* An allocator that itself resolves a name in every call, except in those made by its own lookups. */
#include <stddef.h>

#include "guest.h"

void *__libc_malloc(size_t size);
void *malloc(size_t size);

static __thread bool inside;
static _Atomic unsigned answered;

void *malloc(size_t size) {
    if (!inside) {
        inside = true;
        answered += leads_to("localhost", "127.0.0.1");
        leads_to_origin("cdn.example.com");
        inside = false;
    }
    return __libc_malloc(size);
}

__attribute__((destructor)) static void tell(void) {
    static const char none[] = "the allocator resolved nothing\n";
    if (answered == 0 && write(STDOUT_FILENO, none, sizeof(none) - 1) < 0)
        _exit(1);
}
