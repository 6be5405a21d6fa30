#include "originbypass/command/programs/workers.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/proc_file.h"

enum { WORKERS_MAX = 256 };

static bool status_of_program(const char *pid, struct stat *status) {
    char *path = text_format("/proc/%s/exe", pid);
    bool found = stat(path, status) == 0;
    free(path);
    return found;
}

static bool runs(const char *pid, const struct stat *program) {
    struct stat its;
    return status_of_program(pid, &its) && its.st_dev == program->st_dev && its.st_ino == program->st_ino;
}

static void add_worker(struct workers *workers, const char *pid) {
    workers->pids = memory_resize(workers->pids, workers->count + 1, sizeof(workers->pids[0]));
    workers->pids[workers->count++] = memory_text(pid);
}

/* The kernel lists what each thread has started by itself. */
static void add_workers_of_thread(struct workers *workers, const char *pid, const char *thread,
                                  const struct stat *program) {
    char *file = text_format("task/%s/children", thread), *text = proc_file_text(pid, file, NULL), *rest = NULL;
    for (char *child = text == NULL ? NULL : strtok_r(text, " ", &rest); child != NULL;
         child = strtok_r(NULL, " ", &rest))
        if (workers->count < WORKERS_MAX && (program == NULL || runs(child, program)))
            add_worker(workers, child);
    free(text);
    free(file);
}

static struct workers collect(const char *pid, const struct stat *program) {
    struct workers workers = {0};
    char *path = text_format("/proc/%s/task", pid);
    DIR *threads = opendir(path);
    for (struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;) // NOLINT(concurrency-mt-unsafe)
        if (isdigit((unsigned char)entry->d_name[0]))
            add_workers_of_thread(&workers, pid, entry->d_name, program);
    if (threads != NULL)
        closedir(threads);
    free(path);
    return workers;
}

struct workers workers_collect(const char *pid) {
    struct stat program;
    return status_of_program(pid, &program) ? collect(pid, &program) : (struct workers){0};
}

struct workers workers_and_others(const char *pid) {
    return collect(pid, NULL);
}

void workers_free(struct workers *workers) {
    for (size_t i = 0; i < workers->count; i++)
        free(workers->pids[i]);
    free(workers->pids);
    *workers = (struct workers){0};
}
