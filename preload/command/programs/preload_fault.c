#include "originbypass/command/programs/preload_fault.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/as_process.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"

const char PRELOAD_FAULT_UNREADABLE[] = "not readable";
const char PRELOAD_FAULT_SEPARATOR[] = "LD_PRELOAD cannot name a path with a space or a colon";

static const char EMPTY[] = "the file is empty";
static const char CUT_OFF[] = "the file is cut off: it is shorter than its own headers say";
static const char NOEXEC[] = "its file system is mounted noexec, so nothing on it can be run";

static const char *why_not_opened(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "no such file";
    case EINVAL:
        return "not a regular file";
    case EACCES:
        return PRELOAD_FAULT_UNREADABLE;
    default:
        return strerror(error); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
}

/* A question for as_process(): the first directory on the way that keeps this user out, or else the file. */
static const char *barring_part(const char *path) {
    static char part[PATH_MAX];
    for (const char *end = path; *end == '/' && (size_t)(end - path) < sizeof(part);) {
        size_t length = end == path ? 1 : (size_t)(end - path);
        snprintf(part, sizeof(part), "%.*s", (int)length, path);
        if (access(part, X_OK) != 0)
            return errno == EACCES ? part : NULL;
        end = strchrnul(end + 1, '/');
    }
    snprintf(part, sizeof(part), "%s", path);
    return access(part, R_OK) != 0 && errno == EACCES ? part : NULL;
}

static char *unreadable_text(const char *pid, const char *part) {
    return text_format("%s%s (the rights on %s)", PRELOAD_FAULT_UNREADABLE,
                       pid == NULL ? "" : " for the user of the process", part);
}

/* For the caller to free. NULL: nothing, or nobody can tell. */
static char *rights_fault(const char *pid, const char *path) {
    const char *own = pid == NULL ? barring_part(path) : NULL;
    char *part = pid != NULL ? as_process(pid, barring_part, path) : own != NULL ? memory_text(own) : NULL;
    char *fault = part == NULL ? NULL : unreadable_text(pid, part);
    free(part);
    return fault;
}

/* For the caller to free. */
static char *cpu_fault(const struct elf_file *elf) {
    char *its = elf_cpu(elf), *ours = elf_own_cpu();
    char *fault = text_format("made for another CPU: %s, not %s", its, ours);
    free(ours);
    free(its);
    return fault;
}

/* For the caller to free. */
static char *content_fault(int descriptor, uint64_t size) {
    struct elf_file elf;
    if (size == 0)
        return memory_text(EMPTY);
    enum elf_kind kind = elf_begin(&elf, descriptor, size);
    if (kind == ELF_NONE)
        return memory_text("not a shared object (ELF file)");
    if (kind == ELF_FOREIGN)
        return cpu_fault(&elf);
    bool whole = elf_is_whole(&elf);
    elf_end(&elf);
    return whole ? NULL : memory_text(CUT_OFF);
}

/* For root as for everybody else (mount(8)). */
static const char *mount_fault(int descriptor) {
    struct statvfs system;
    return fstatvfs(descriptor, &system) == 0 && (system.f_flag & ST_NOEXEC) != 0 ? NOEXEC : NULL;
}

const char *preload_fault_remedy(const char *fault) {
    if (strncmp(fault, PRELOAD_FAULT_UNREADABLE, strlen(PRELOAD_FAULT_UNREADABLE)) == 0)
        return "Let that user read it (chmod o+rx for a directory, chmod o+r for the library), or install it where all "
               "users may, such as /usr/local/lib";
    if (strcmp(fault, CUT_OFF) == 0 || strcmp(fault, EMPTY) == 0)
        return "Copy the library there once more, whole";
    return strcmp(fault, NOEXEC) == 0
               ? "Copy the library to a file system without noexec, or mount that one without it (mount -o "
                 "remount,exec; docker --tmpfs DIRECTORY:exec)"
               : "Correct the path where the program is started, or start it with originbypass run, which finds the "
                 "library";
}

char *preload_fault(const char *pid, const char *path) {
    uint64_t size = 0;
    if (strpbrk(path, " :") != NULL)
        return memory_text(PRELOAD_FAULT_SEPARATOR);
    int descriptor = pid == NULL ? foreign_file_open(path, UINT64_MAX, &size)
                                 : foreign_file_open_of(pid, path, 0, UINT64_MAX, &size);
    int error = errno;
    char *fault = descriptor >= 0 || error == EACCES ? rights_fault(pid, path) : NULL;
    if (descriptor < 0)
        return fault != NULL ? fault : memory_text(why_not_opened(error));
    if (fault == NULL)
        fault = content_fault(descriptor, size);
    const char *of_mount = fault == NULL ? mount_fault(descriptor) : NULL;
    close(descriptor);
    return of_mount == NULL ? fault : memory_text(of_mount);
}
