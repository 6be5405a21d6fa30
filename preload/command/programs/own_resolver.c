#include "originbypass/command/programs/own_resolver.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/file_search.h"
#include "originbypass/command/programs/foreign_file.h"

enum { NEEDED_MAX = 128, OPENED_MAX = 1024, CACHE_MAX = 16 * 1024 * 1024 };

/* No library that resolves names is so large, and no program needs so much of them. */
static const uint64_t LIBRARY_MAX = (uint64_t)64 * 1024 * 1024, LIBRARIES_MAX = (uint64_t)1024 * 1024 * 1024;

static const char RESOLV_CONF[] = "/etc/resolv.conf";

const char *const own_resolver_libraries[] = {
    "libcares.so", "libunbound.so", "libgetdns.so", "libadns.so", "libudns.so", "libldns.so", NULL};

/*
 * Not res_init: many programs call it so that libc reads resolv.conf again. glibc before 2.34 exports some of them as
 * __res_*.
 */
static const char *const ASKING_DNS[] = {
    "res_query",      "res_search",       "res_querydomain",    "res_send",    "res_nquery",
    "res_nsearch",    "res_nquerydomain", "res_nsend",          "__res_query", "__res_search",
    "__res_nquery",   "__res_nsearch",    "__res_send",         "__res_nsend", "__res_querydomain",
    "evdns_base_new", "evdns_init",       "__res_nquerydomain", NULL,
};

static const char *const ASKING_LIBC[] = {
    "getaddrinfo", "getaddrinfo_a", "gethostbyname", "gethostbyname_r", "gethostbyname2", "gethostbyname2_r", NULL};

static const char *const WITHOUT_MEANING[] = {
    "ld-linux", "libc.so",    "libm.so",   "libresolv.so",  "libnss_",   "libpthread.so", "libdl.so",
    "librt.so", "libutil.so", "libanl.so", "libgio-2.0.so", "libevent-", "libevent_",     NULL,
};

/* --- where a library is ------------------------------------------------------------------------------------------- */

/* A search for the libraries of one program. */
struct library_search {
    const char *pid;    /* whose root it is; NULL: ours */
    const char *origin; /* the program's directory */
    char *run_path;     /* directories with colons between them; NULL: none */
    char *cache;        /* the loader's (ldconfig(8)); NULL: none */
    size_t cache_size;
    size_t opened; /* so many files it has opened */
    uint64_t read; /* so many octets of libraries it has let through */
};

static bool is_among(const char *name, const char *const *beginnings) {
    while (*beginnings != NULL && strncmp(name, *beginnings, strlen(*beginnings)) != 0)
        beginnings++;
    return *beginnings != NULL;
}

static int open_in_root(const char *pid, const char *path, uint64_t size_max, uint64_t *size) {
    return pid == NULL ? foreign_file_open(path, size_max, size) : foreign_file_open_of(pid, path, 0, size_max, size);
}

/* The library at this path, if it is one for this machine: an open descriptor, and `elf` begun. */
static int try_library(struct library_search *search, const char *path, struct elf_file *elf) {
    uint64_t size = 0;
    if (path[0] != '/' || search->opened++ >= OPENED_MAX)
        return -1;
    int descriptor = open_in_root(search->pid, path, LIBRARY_MAX, &size);
    if (descriptor < 0)
        return -1;
    search->read += size;
    if (search->read <= LIBRARIES_MAX && elf_begin(elf, descriptor, size) == ELF_NATIVE)
        return descriptor;
    close(descriptor);
    return -1;
}

static int try_directory(struct library_search *search, const char *directory, int length, const char *name,
                         struct elf_file *elf) {
    char *path = text_format("%.*s/%s", length, directory, name);
    int descriptor = try_library(search, path, elf);
    free(path);
    return descriptor;
}

/* As ld.so(8) has it: the program's directory is $ORIGIN, or ${ORIGIN}. */
static char *with_origin(const struct library_search *search, const char *directory, int length) {
    static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        int word = (int)strlen(words[i]);
        if (length >= word && strncmp(directory, words[i], (size_t)word) == 0)
            return text_format("%s%.*s", search->origin, length - word, directory + word);
    }
    return text_format("%.*s", length, directory);
}

static int try_run_path(struct library_search *search, const char *name, struct elf_file *elf) {
    int descriptor = -1;
    for (const char *next = search->run_path; next != NULL && descriptor < 0;) {
        int length = (int)strcspn(next, ":");
        char *directory = with_origin(search, next, length);
        descriptor = try_directory(search, directory, (int)strlen(directory), name, elf);
        free(directory);
        next = next[length] == '\0' ? NULL : next + length + 1;
    }
    return descriptor;
}

/* The cache has the whole path of each library as a text, whatever its format, and NULs around it. */
static int try_cache(struct library_search *search, const char *name, struct elf_file *elf) {
    char *ending = text_format("/%s", name);
    size_t size = strlen(ending) + 1; /* and its NUL */
    const char *end = search->cache == NULL ? NULL : search->cache + search->cache_size, *at = search->cache;
    int descriptor = -1;
    while (descriptor < 0 && at != NULL && (at = memmem(at, (size_t)(end - at), ending, size)) != NULL) {
        const char *path = at;
        while (path > search->cache && path[-1] != '\0')
            path--;
        descriptor = try_library(search, path, elf);
        at += size;
    }
    free(ending);
    return descriptor;
}

/* An image may have no cache. */
static int try_usual_directories(struct library_search *search, const char *name, struct elf_file *elf) {
    static const char *const directories[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"};
    int descriptor = -1;
    for (size_t i = 0; descriptor < 0 && i < sizeof(directories) / sizeof(directories[0]); i++)
        descriptor = try_directory(search, directories[i], (int)strlen(directories[i]), name, elf);
    return descriptor;
}

static int open_needed(struct library_search *search, const char *name, struct elf_file *elf) {
    if (strchr(name, '/') != NULL)
        return try_library(search, name, elf);
    int descriptor = try_run_path(search, name, elf);
    if (descriptor < 0)
        descriptor = try_cache(search, name, elf);
    return descriptor < 0 ? try_usual_directories(search, name, elf) : descriptor;
}

static void read_loaders_cache(struct library_search *search) {
    int descriptor = open_in_root(search->pid, "/etc/ld.so.cache", CACHE_MAX, NULL);
    if (descriptor < 0)
        return;
    search->cache = file_text_of(descriptor, &search->cache_size);
    close(descriptor);
}

/* --- what is in the files ----------------------------------------------------------------------------------------- */

/* True: this library has a sign. */
static bool look_at_needed(struct library_search *search, const char *name, struct own_resolver *found) {
    struct elf_file elf;
    int descriptor = is_among(name, WITHOUT_MEANING) ? -1 : open_needed(search, name, &elf);
    if (descriptor < 0)
        return false;
    found->resolver = elf_needs(&elf, own_resolver_libraries);
    found->needed_resolv_conf = found->resolver == NULL && descriptor_has_text(descriptor, RESOLV_CONF);
    bool has_sign = found->resolver != NULL || found->needed_resolv_conf;
    if (has_sign)
        found->needed = memory_text(name);
    elf_end(&elf);
    close(descriptor);
    return has_sign;
}

static void free_texts(char **texts, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
}

/* DT_RPATH counts only if there is no DT_RUNPATH. No program has two of one kind. */
static char *run_path_of(const struct elf_file *elf) {
    char *path = NULL;
    if (elf_dynamic_texts(elf, DT_RUNPATH, &path, 1) == 0)
        (void)elf_dynamic_texts(elf, DT_RPATH, &path, 1);
    return path;
}

static char *origin_of(const char *path) {
    char *real = realpath(path, NULL), *slash = real == NULL ? NULL : strrchr(real, '/');
    if (slash != NULL)
        *slash = '\0';
    return real == NULL ? memory_text("") : real;
}

static void look_at_libraries(const char *pid, const char *path, const struct elf_file *elf,
                              struct own_resolver *found) {
    char *needed[NEEDED_MAX], *origin = origin_of(path);
    struct library_search search = {.pid = pid, .origin = origin, .run_path = run_path_of(elf)};
    size_t count = elf_dynamic_texts(elf, DT_NEEDED, needed, NEEDED_MAX);
    read_loaders_cache(&search);
    for (size_t i = 0; i < count && !look_at_needed(&search, needed[i], found); i++)
        ;
    free_texts(needed, count);
    free(search.run_path);
    free(search.cache);
    free(origin);
}

static void look_for_signs(const char *pid, const char *path, const struct elf_file *elf, struct own_resolver *found) {
    if (elf_is_go(elf))
        return;
    found->function = elf_imports_one(elf, ASKING_DNS);
    found->has_resolv_conf = descriptor_has_text(elf->descriptor, RESOLV_CONF);
    found->asks_libc = elf_imports_one(elf, ASKING_LIBC) != NULL;
    found->resolver = elf_needs(elf, own_resolver_libraries);
    if (found->resolver == NULL)
        look_at_libraries(pid, path, elf, found);
}

bool own_resolver_find(const char *pid, const char *path, struct own_resolver *found) {
    struct elf_file elf;
    uint64_t size = 0;
    *found = (struct own_resolver){0};
    int descriptor = foreign_file_open(path, UINT64_MAX, &size);
    if (descriptor < 0)
        return false;
    if (elf_begin(&elf, descriptor, size) == ELF_NATIVE) {
        look_for_signs(pid, path, &elf, found);
        elf_end(&elf);
    }
    close(descriptor);
    return found->function != NULL || found->has_resolv_conf || found->resolver != NULL || found->needed != NULL;
}

void own_resolver_free(struct own_resolver *found) {
    free(found->needed);
    free(found->resolver);
    *found = (struct own_resolver){0};
}
