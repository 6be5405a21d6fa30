#include "originbypass/command/programs/preload_fault.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"

const char PRELOAD_FAULT_SEPARATOR[] = "LD_PRELOAD cannot name a path with a space or a colon";

static const char NOEXEC[] = "its file system is mounted noexec, so nothing on it can be run";

static const char *why_not_opened(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "no such file";
    case EINVAL:
        return "not a regular file";
    case EACCES:
        return "not readable";
    default:
        return strerror(error); // NOLINT(concurrency-mt-unsafe): there is one thread
    }
}

/* Root can open what the user of the process cannot. The groups of that user are not known. */
static bool is_readable_for(const char *pid, int descriptor) {
    struct stat process, file;
    char *path = text_format("/proc/%s", pid);
    bool known = stat(path, &process) == 0 && fstat(descriptor, &file) == 0;
    free(path);
    if (!known || process.st_uid == 0)
        return true;
    return (file.st_mode & (file.st_uid == process.st_uid ? S_IRUSR : S_IRGRP | S_IROTH)) != 0;
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
        return memory_text("the file is empty");
    enum elf_kind kind = elf_begin(&elf, descriptor, size);
    if (kind == ELF_NONE)
        return memory_text("not a shared object (ELF file)");
    if (kind == ELF_FOREIGN)
        return cpu_fault(&elf);
    bool whole = elf_is_whole(&elf);
    elf_end(&elf);
    return whole ? NULL : memory_text("the file is cut off: it is shorter than its own headers say");
}

/* For root as for everybody else (mount(8)). */
static const char *mount_fault(int descriptor) {
    struct statvfs system;
    return fstatvfs(descriptor, &system) == 0 && (system.f_flag & ST_NOEXEC) != 0 ? NOEXEC : NULL;
}

const char *preload_fault_remedy(const char *fault) {
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
    if (descriptor < 0)
        return memory_text(why_not_opened(errno));
    bool readable = pid == NULL || is_readable_for(pid, descriptor);
    char *fault = readable ? content_fault(descriptor, size) : memory_text("not readable for the user of the process");
    const char *of_mount = fault == NULL ? mount_fault(descriptor) : NULL;
    close(descriptor);
    return of_mount == NULL ? fault : memory_text(of_mount);
}
