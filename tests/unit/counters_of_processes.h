/* For the tests of counter files: a directory, and processes that count in it and end. */
#ifndef COUNTERS_OF_PROCESSES_H
#define COUNTERS_OF_PROCESSES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "originbypass/metrics/counters_directory.h"
#include "originbypass/metrics/counters_file.h"

static char directory[64];

static inline const char *path_of(const char *name, char path[static 256]) {
    snprintf(path, 256, "%s/%s", directory, name);
    return path;
}

/* Calls `with` for each name with this suffix; returns the number of names. */
static inline int each_file(const char *suffix, void (*with)(const char *path)) {
    DIR *stream = opendir(directory);
    struct dirent *entry;
    int count = 0;
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length < strlen(suffix) ||
            strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
            continue;
        count++;
        if (with != NULL)
            with(path_of(entry->d_name, (char[256]){0}));
    }
    closedir(stream);
    return count;
}

static inline int count_files(const char *suffix) {
    return each_file(suffix, NULL);
}

static inline void remove_file(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static inline int make_directory(void **state) {
    (void)state;
    strcpy(directory, "/tmp/counters.XXXXXX");
    return mkdtemp(directory) == NULL;
}

static inline int remove_directory(void **state) {
    (void)state;
    each_file("", remove_file);
    return rmdir(directory);
}

/* Makes the file of this process, or of one that claims to be in another namespace. */
static inline const char *make_file(uint64_t pid_namespace, struct counters_writer *writer) {
    struct descriptor opened;
    struct counters_identity identity = counters_identity_of((uint32_t)getpid());
    if (pid_namespace != 0)
        identity.pid_namespace = pid_namespace;
    const char *fault = counters_directory_open(directory, &opened);
    if (fault == NULL)
        fault = counters_file_make(opened.number, &identity, "tester", writer);
    descriptor_close(&opened);
    return fault;
}

static inline bool write_hits(struct counters_writer *writer, uint64_t hits) {
    static const struct counters_load load;
    uint64_t figures[COUNTER_COUNT] = {[COUNTER_HITS] = hits};
    return counters_file_write(writer, figures, &load);
}

/* Starts a process that counts this many hits and reports it with a byte. Then it waits, or ends if `ends` is true. */
static inline pid_t count_in_child(uint64_t pid_namespace, unsigned hits, bool ends) {
    int counted[2];
    char byte;
    assert_int_equal(pipe(counted), 0);
    pid_t child = fork();
    if (child == 0) {
        struct counters_writer writer;
        if (make_file(pid_namespace, &writer) != NULL || !write_hits(&writer, hits))
            _exit(1);
        if (write(counted[1], "", 1) != 1)
            _exit(2);
        if (!ends)
            for (;;)
                pause();
        _exit(0);
    }
    assert_true(child > 0);
    close(counted[1]);
    assert_int_equal(read(counted[0], &byte, 1), 1);
    close(counted[0]);
    if (ends)
        assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static inline void end_child(pid_t child) {
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

#endif
