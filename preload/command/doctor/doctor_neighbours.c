/* Who else is asked for a name in a process, before the library or in its place. */
#include "originbypass/command/doctor/doctor_neighbours.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/link_order.h"
#include "originbypass/command/programs/mapping.h"
#include "originbypass/command/programs/proc_file.h"

#define CHECK "neighbour"
#define WHAT "which defines getaddrinfo: the library gets only the calls that it passes on"

static const char LIBRARY[] = "liboriginbypass.so";
static const char SEPARATORS[] = " :";

/* In the root directory of process `pid`; NULL: in ours. */
static bool defines_lookups(const char *pid, const char *path) {
    struct elf_file elf;
    uint64_t size = 0;
    bool defines = false;
    int descriptor = pid == NULL ? foreign_file_open(path, UINT64_MAX, &size)
                                 : foreign_file_open_of(pid, path, O_NOFOLLOW, UINT64_MAX, &size);
    if (descriptor >= 0 && elf_begin(&elf, descriptor, size) == ELF_NATIVE) {
        defines = elf_exports(&elf, "getaddrinfo");
        elf_end(&elf);
    }
    if (descriptor >= 0)
        close(descriptor);
    return defines;
}

/* glibc's under its names, and musl's, which is also the loader. */
static bool is_libc(const char *path) {
    static const char *const beginnings[] = {"libc.so.", "libc-2.", "libc.musl-", "ld-musl-"};
    const char *name = text_base_name(path);
    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return strcmp(name, "libc.so") == 0;
}

/* --- of a process ------------------------------------------------------------------------------------------------- */

/* The mapped files, each once. */
struct mapped {
    struct mapping *list;
    size_t count;
};

static void add_once(struct mapped *mapped, const struct mapping *mapping) {
    for (size_t i = 0; i < mapped->count; i++)
        if (mapped->list[i].device == mapping->device && mapped->list[i].inode == mapping->inode)
            return;
    mapped->list = memory_resize(mapped->list, mapped->count + 1, sizeof(mapped->list[0]));
    mapped->list[mapped->count++] = *mapping;
}

static struct mapped collect_mapped(const char *maps) {
    struct mapped mapped = {0};
    struct mapping mapping = {0};
    char *text = memory_text(maps), *rest = text;
    while (mapping_next_file(&rest, &mapping))
        if (mapping.executable)
            add_once(&mapped, &mapping);
    free(text);
    return mapped;
}

/* The loader looks into the program first, and then into what LD_PRELOAD names, in that order. */
static void tell_neighbour(const char *pid, const char *about, const struct mapping *mapping, const char *preload) {
    char *program = proc_file_target(pid, "exe");
    const char *its = preload == NULL ? NULL : strstr(preload, text_base_name(mapping->path));
    const char *ours = preload == NULL ? NULL : strstr(preload, LIBRARY);
    struct finding finding = {FINDING_NOTE, CHECK, about,
                              "Name liboriginbypass.so first in LD_PRELOAD, and restart it"};
    struct finding itself = {FINDING_NOTE, CHECK, about, NULL};
    if (program != NULL && strcmp(program, mapping->path) == 0)
        findings_tell(&itself, "is a program " WHAT);
    else if (its != NULL && (ours == NULL || its < ours))
        findings_tell(&finding, "has %s before the library, " WHAT, mapping->path);
    else if (preload == NULL)
        findings_tell(&finding, "has %s, too, " WHAT ", if LD_PRELOAD names it first", mapping->path);
    free(program);
}

static void look_at_neighbours(const char *pid, const char *about, const struct mapped *mapped, const char *preload) {
    for (size_t i = 0; i < mapped->count; i++) {
        const struct mapping *mapping = &mapped->list[i];
        if (!mapping_is_library(mapping) && !is_libc(mapping->path) && defines_lookups(pid, mapping->path))
            tell_neighbour(pid, about, mapping, preload);
    }
}

static bool is_mapped_twice(const struct mapping *mapping, const struct mapping *first) {
    return mapping_is_library(mapping) && (mapping->device != first->device || mapping->inode != first->inode);
}

/* Only one of them is asked first for every name. */
static void look_for_copies(const char *pid, const char *about, const char *maps, const struct mapped *mapped) {
    struct mapping first;
    enum link_order order = link_order_first(pid, maps, &first);
    if (order != LINK_ORDER_FIRST && order != LINK_ORDER_UNKNOWN)
        return;
    for (size_t i = 0; i < mapped->count; i++)
        if (is_mapped_twice(&mapped->list[i], &first))
            findings_tell(&(struct finding){FINDING_NOTE, CHECK, about,
                                            "Name one of them, in LD_PRELOAD or in /etc/ld.so.preload, and restart it"},
                          "has the library twice, from %s and from %s: %s. Each has a cache, counters and messages of "
                          "its own, and what one leaves to libc goes to the other",
                          first.path, mapped->list[i].path,
                          order == LINK_ORDER_FIRST ? "the first of them answers"
                                                    : "which of them answers cannot be told");
}

void doctor_neighbours(const char *pid, const char *about, const char *maps, const char *preload) {
    struct mapped mapped = collect_mapped(maps);
    look_at_neighbours(pid, about, &mapped, preload);
    look_for_copies(pid, about, maps, &mapped);
    free(mapped.list);
}

/* --- of the environment ------------------------------------------------------------------------------------------- */

void doctor_neighbours_in(const char *about, const char *preload) {
    if (preload == NULL || strstr(preload, LIBRARY) == NULL)
        return;
    char *entries = memory_text(preload), *rest = NULL;
    for (char *entry = strtok_r(entries, SEPARATORS, &rest); entry != NULL && strstr(entry, LIBRARY) == NULL;
         entry = strtok_r(NULL, SEPARATORS, &rest))
        if (entry[0] == '/' && defines_lookups(NULL, entry))
            findings_tell(&(struct finding){FINDING_NOTE, CHECK, about, "Name liboriginbypass.so first in LD_PRELOAD"},
                          "LD_PRELOAD names %s before the library, " WHAT, entry);
    free(entries);
}
