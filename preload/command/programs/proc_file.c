#include "originbypass/command/programs/proc_file.h"

#include <errno.h>
#include <stdlib.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/text.h"

char *proc_file_text(const char *pid, const char *file, size_t *size) {
    char *path = text_format("/proc/%s/%s", pid, file), *text = file_text(path, size);
    int error = errno;
    free(path);
    errno = error;
    return text;
}

char *proc_file_target(const char *pid, const char *link) {
    char *name = text_format("/proc/%s/%s", pid, link), *path = realpath(name, NULL);
    free(name);
    return path;
}
