#include "originbypass/command/programs/file_search.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/programs/foreign_file.h"

enum { SEARCHED_AT_ONCE = 1024 * 1024, SEARCHED_MAX = 512 * 1024 * 1024, OVERLAP = 64 };

/* The file is read, not mapped: if somebody truncates a mapped file, a read of the mapping ends the reader (SIGBUS). */
bool descriptor_has_text(int descriptor, const char *text) {
    char *octets = memory_zeroed(SEARCHED_AT_ONCE, 1);
    bool found = false;
    ssize_t got = 1;
    for (off_t at = 0; !found && got > 0 && at < SEARCHED_MAX; at += SEARCHED_AT_ONCE - OVERLAP) {
        got = pread(descriptor, octets, SEARCHED_AT_ONCE, at);
        found = got > 0 && memmem(octets, (size_t)got, text, strlen(text)) != NULL;
    }
    free(octets);
    return found;
}

bool file_has_text(const char *path, const char *text, uint64_t size_max) {
    int descriptor = foreign_file_open(path, size_max, NULL);
    bool found = descriptor >= 0 && descriptor_has_text(descriptor, text);
    if (descriptor >= 0)
        close(descriptor);
    return found;
}
