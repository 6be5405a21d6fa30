#include "originbypass/command/base/file_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"

char *file_text_of(int descriptor, size_t *size) {
    size_t length = 0, room = 0;
    char *text = NULL;
    for (;;) {
        if (length > FILE_TEXT_MAX) {
            free(text);
            errno = EFBIG;
            return NULL;
        }
        if (length + 1 >= room)
            text = memory_resize(text, room = room * 2 + 4096, 1);
        ssize_t got = read(descriptor, text + length, room - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;
            free(text);
            errno = error;
            return NULL;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    if (size != NULL)
        *size = length;
    return text;
}

char *file_text(const char *path, size_t *size) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return NULL;
    char *text = file_text_of(descriptor, size);
    int error = errno;
    close(descriptor);
    errno = error;
    return text;
}
