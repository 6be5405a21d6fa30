/*
 * Takes the place of system_loader.c in the static command. A static program has no loader of its own, and cannot load
 * the library into itself: the system's loaders are asked, under the names that every system has them under. Each must
 * belong to root and be closed to others, because it is run, maybe as root.
 */
#include "originbypass/command/programs/system_loader.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/roots_own.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/loader_list.h"
#include "originbypass/command/programs/static_loaders.h"

bool system_loader_is_of_musl(const char *path) {
    return strncmp(text_base_name(path), "ld-musl-", 8) == 0;
}

bool system_loader_is_other(const char *path) {
    for (size_t i = 0; i < STATIC_LOADERS; i++)
        if (strcmp(text_base_name(path), text_base_name(static_loaders[i])) == 0)
            return false;
    return !system_loader_is_of_musl(path);
}

const char *system_loader_for(const char *path) {
    for (size_t i = 0; i < STATIC_LOADERS; i++)
        if (strcmp(text_base_name(path), text_base_name(static_loaders[i])) == 0 && roots_own_is(static_loaders[i]))
            return static_loaders[i];
    return NULL;
}

/* For the caller to free: what a line complains of, as dlerror(3) would say it. */
static char *complaint_in(const char *line, size_t length, const char *library) {
    static const char ignored[] = " cannot be preloaded (";
    char *text = text_format("%.*s", (int)length, line);
    char *reason = strstr(text, ignored), *end = reason == NULL ? NULL : strrchr(reason, ')');
    if (end == NULL)
        return text;
    *end = '\0';
    char *shorter = text_format("%s: %s", library, reason + strlen(ignored));
    free(text);
    return shorter;
}

/* The first word of a line about an object that the library needs, and that is nowhere. */
static char *missing_in(const char *line, size_t length) {
    static const char nowhere[] = " => not found";
    size_t name = length - (sizeof(nowhere) - 1);
    if (length < sizeof(nowhere) || memcmp(line + name, nowhere, sizeof(nowhere) - 1) != 0)
        return NULL;
    return text_format("%.*s: cannot open shared object file: No such file or directory", (int)(name - 1), line + 1);
}

/*
 * Objects are in lines that begin with a tab. Any other line is a complaint; others than of the library may be there,
 * of what else /etc/ld.so.preload lists. NULL: there is none.
 */
static char *complaint_among(const char *objects, const char *library) {
    size_t length;
    for (const char *line = objects; *line != '\0'; line += length + (line[length] == '\n')) {
        length = strcspn(line, "\n");
        char *missing = *line == '\t' ? missing_in(line, length) : NULL;
        if (missing != NULL)
            return missing;
        if (*line != '\t' && memmem(line, length, library, strlen(library)) != NULL)
            return complaint_in(line, length, library);
    }
    return NULL;
}

static bool is_started_by(const char *program, const char *loader) {
    struct elf_file elf;
    uint64_t size = 0;
    char *named = NULL;
    int descriptor = roots_own_is(program) ? foreign_file_open(program, UINT64_MAX, &size) : -1;
    if (descriptor >= 0 && elf_begin(&elf, descriptor, size) == ELF_NATIVE) {
        named = elf_loader(&elf);
        elf_end(&elf);
    }
    if (descriptor >= 0)
        close(descriptor);
    bool same = named != NULL && strcmp(named, loader) == 0;
    free(named);
    return same;
}

/* A program of the system's to list with the library, as it would be preloaded. NULL: there is none to be trusted. */
static const char *program_for(const char *loader) {
    static const char *const programs[] = {"/bin/sh", "/bin/true", "/usr/bin/env", "/usr/bin/getent"};
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (is_started_by(programs[i], loader))
            return programs[i];
    return NULL;
}

/* The library alone, without such a program: then what it needs is known to be there, but not each function. */
char *system_loader_refusal(const char *loader, const char *library, bool *known) {
    int status = 0;
    const char *program = program_for(loader);
    char *objects = program == NULL                    ? loader_list(loader, library, NULL, &status)
                    : system_loader_is_of_musl(loader) ? loader_list(loader, program, library, &status)
                                                       : loader_list_of_glibc(loader, program, library, &status);
    char *refusal = objects == NULL ? NULL : complaint_among(objects, library);
    *known = objects != NULL;
    if (objects != NULL && refusal == NULL && status != 0)
        refusal = memory_text("it cannot be mapped");
    free(objects);
    return refusal;
}

/* In LD_PRELOAD the loader searches its directories for such a name. What it would find there is not known to us. */
static bool is_searched_for(const char *library) {
    return strchr(library, '/') == NULL || strchr(library, '$') != NULL;
}

char *system_loader_fault(const char *library) {
    const char *loader = static_loaders_system();
    bool known;
    if (is_searched_for(library))
        return NULL;
    if (access(library, F_OK) != 0)
        return text_format("%s: cannot open shared object file: %s", library,
                           strerror(errno)); // NOLINT(concurrency-mt-unsafe): there is one thread
    return loader == NULL ? NULL : system_loader_refusal(loader, library, &known);
}
