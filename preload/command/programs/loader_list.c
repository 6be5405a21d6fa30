#include "originbypass/command/programs/loader_list.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"

enum { NOT_RUN = 126 };

static void list_objects(const char *loader, const char *file, const char *preload, int output) {
    int failed = preload == NULL ? unsetenv("LD_PRELOAD") : setenv("LD_PRELOAD", preload, 1); // NOLINT(concurrency-*)
    if (failed != 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(NOT_RUN);
    execl(loader, loader, "--list", file, (char *)NULL);
    _exit(NOT_RUN);
}

/* What ldd -r does, with glibc's loader. It does not know --list together with these. */
static void list_functions(const char *loader, const char *file, const char *preload, int output) {
    static const char *const variables[] = {"LD_TRACE_LOADED_OBJECTS", "LD_BIND_NOW", "LD_WARN"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        if (setenv(variables[i], "1", 1) != 0) // NOLINT(concurrency-mt-unsafe): there is one thread
            _exit(NOT_RUN);
    if (setenv("LD_PRELOAD", preload, 1) != 0 || // NOLINT(concurrency-mt-unsafe): the same
        dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
        _exit(NOT_RUN);
    execl(loader, loader, file, (char *)NULL);
    _exit(NOT_RUN);
}

static char *list(void (*become)(const char *, const char *, const char *, int), const char *loader, const char *file,
                  const char *preload, int *status) {
    int output = memfd_create("objects", MFD_CLOEXEC);
    char *text = NULL;
    fflush(stdout);
    pid_t child = output < 0 ? -1 : fork();
    if (child == 0)
        become(loader, file, preload, output);
    if (child > 0 && waitpid(child, status, 0) == child && WIFEXITED(*status) && WEXITSTATUS(*status) != NOT_RUN &&
        lseek(output, 0, SEEK_SET) == 0)
        text = file_text_of(output, NULL);
    if (output >= 0)
        close(output);
    return text;
}

char *loader_list(const char *loader, const char *file, const char *preload, int *status) {
    return list(list_objects, loader, file, preload, status);
}

char *loader_list_of_glibc(const char *loader, const char *program, const char *preload, int *status) {
    return list(list_functions, loader, program, preload, status);
}
