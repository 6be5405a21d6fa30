#include "originbypass/command/programs/proc_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

const char *proc_file_variable(const char *environment, size_t size, const char *name) {
    size_t length = strlen(name);
    for (const char *entry = environment; entry < environment + size; entry += strlen(entry) + 1)
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            return entry + length + 1;
    return NULL;
}
