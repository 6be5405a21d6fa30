#include "originbypass/command/programs/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/elf_file.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/own_resolver.h"
#include "originbypass/command/programs/system_loader.h"

enum {
    SCRIPTS_MAX = 5,       /* how many levels of #! the kernel follows */
    SCRIPT_LINE_MAX = 256, /* how much of a #! line the kernel reads */
};

static const struct {
    bool certain;
    const char *text;
} OBSTACLES[PROGRAM_OBSTACLES] = {
    [PROGRAM_OTHER_MACHINE] = {true, "is made for another CPU"},
    [PROGRAM_OTHER_LIBC] = {true, "has a libc that is neither glibc nor musl"},
    [PROGRAM_STATIC] = {true, "is linked statically: there is no loader that could preload anything"},
    [PROGRAM_GO] = {true, "is a Go program without cgo: it never asks libc"},
    [PROGRAM_SETID] = {true, "is setuid or setgid: the loader ignores LD_PRELOAD for it"},
    [PROGRAM_CAPABILITIES] = {true, "has file capabilities: the loader ignores LD_PRELOAD for it"},
    [PROGRAM_GO_CGO] = {false, "is a Go program: it asks libc for certain only with GODEBUG=netdns=cgo"},
    [PROGRAM_OWN_RESOLVER] = {false, "is linked with a library that resolves names by itself"},
    [PROGRAM_ASAN] = {true, "is built with AddressSanitizer, which ends it if its own library does not come first"},
    [PROGRAM_UNREADABLE] = {false, "cannot be read: nothing is known of it"},
};

bool program_obstacle_is_certain(enum program_obstacle obstacle) {
    return OBSTACLES[obstacle].certain;
}

const char *program_obstacle_text(enum program_obstacle obstacle) {
    return OBSTACLES[obstacle].text;
}

const char *program_obstacle_detail(const struct program *program, enum program_obstacle obstacle) {
    return obstacle == PROGRAM_OTHER_MACHINE  ? program->cpus
           : obstacle == PROGRAM_OWN_RESOLVER ? program->resolver
           : obstacle == PROGRAM_ASAN         ? program->sanitizer
                                              : NULL;
}

/* --- finding it --------------------------------------------------------------------------------------------------- */

/* Returns 0 if the mode of the file allows it to be run. */
static int why_not_executable(const char *path) {
    struct stat found;
    if (stat(path, &found) != 0)
        return errno;
    if (!S_ISREG(found.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        return EACCES;
    return 0;
}

static char *path_in(const char *directory, size_t length, const char *name) {
    return length == 0 ? memory_text(name) : text_format("%.*s/%s", (int)length, directory, name);
}

/*
 * Like execvp(3): a file that may not be run does not end the search, but its error is returned if nothing else is
 * found.
 */
static int search(const char *name, char **path) {
    const char *directories = secure_getenv("PATH");
    int problem = ENOENT;
    for (const char *next = directories == NULL ? "/bin:/usr/bin" : directories; next != NULL;) {
        size_t length = strcspn(next, ":");
        char *candidate = path_in(next, length, name);
        int why = why_not_executable(candidate);
        if (why == 0 || (why == EACCES && problem == ENOENT)) {
            free(*path);
            *path = memory_text(candidate);
            problem = why;
        }
        free(candidate);
        next = problem == 0 || next[length] == '\0' ? NULL : next + length + 1;
    }
    return problem;
}

static int find_program(const char *name, char **path) {
    if (strchr(name, '/') == NULL)
        return name[0] == '\0' ? ENOENT : search(name, path);
    int problem = why_not_executable(name);
    if (problem != ENOENT && problem != ENOTDIR)
        *path = memory_text(name);
    return problem;
}

/* --- scripts ------------------------------------------------------------------------------------------------------ */

static bool is_env(const char *interpreter) {
    const char *slash = strrchr(interpreter, '/');
    return slash != NULL && strcmp(slash, "/env") == 0;
}

/* For a `#!` line that begins with env(1): the program in the rest of the line, after the options and NAME=VALUE. */
static const char *program_of_env(char *arguments) {
    char *rest = NULL;
    for (char *word = strtok_r(arguments, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest))
        if (word[0] != '-' && strchr(word, '=') == NULL)
            return word;
    return NULL;
}

/* The name of the program that runs this script; the caller must free(3) it. */
static char *interpreter_of(const char *line) {
    char copy[SCRIPT_LINE_MAX];
    memcpy(copy, line, sizeof(copy));
    char *begin = copy + 2 + strspn(copy + 2, " \t");
    char *end = begin + strcspn(begin, " \t");
    char *arguments = *end == '\0' ? end : end + 1;
    *end = '\0';
    const char *looked_through = is_env(begin) ? program_of_env(arguments) : NULL;
    if (looked_through != NULL)
        return memory_text(looked_through);
    /* The kernel does not search PATH, so a name without a slash is in the working directory. */
    return text_format("%s%s", strchr(begin, '/') == NULL ? "./" : "", begin);
}

/* Reads the script's first line without its end. If the file is not a script, the line is empty. */
static void read_script_line(int descriptor, char line[SCRIPT_LINE_MAX]) {
    memset(line, 0, SCRIPT_LINE_MAX);
    ssize_t size = pread(descriptor, line, SCRIPT_LINE_MAX - 1, 0);
    if (size < 2 || line[0] != '#' || line[1] != '!')
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

/* --- what the loader makes of it ---------------------------------------------------------------------------------- */

/* execve(2) ignores setuid, setgid and capabilities on a file system that is mounted nosuid. */
static bool is_privileged_here(const char *path) {
    struct statvfs system;
    return statvfs(path, &system) != 0 || (system.f_flag & ST_NOSUID) == 0;
}

static bool changes_ids(const char *path) {
    struct stat file;
    if (stat(path, &file) != 0)
        return false;
    bool user = (file.st_mode & S_ISUID) != 0 && file.st_uid != getuid();
    bool group = (file.st_mode & S_ISGID) != 0 && (file.st_mode & S_IXGRP) != 0 && file.st_gid != getgid();
    return (user || group) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

/* Root has the capabilities anyway, so that the loader does not treat the program as privileged. */
static bool gains_capabilities(const char *path) {
    return getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0;
}

bool program_is_script(const struct program *program) {
    return program->path != NULL && program->binary != NULL && strcmp(program->path, program->binary) != 0;
}

bool program_is_shell_script(const struct program *program) {
    static const char *const shells[] = {"sh", "bash", "dash", "ash", "busybox", "ksh", "zsh"};
    bool found = false;
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]) && program_is_script(program); i++)
        found = found || strcmp(text_base_name(program->binary), shells[i]) == 0;
    return found;
}

bool program_is_of_musl(const struct program *program) {
    return program->loader != NULL && system_loader_is_of_musl(program->loader);
}

static bool go_asks_libc(void) {
    const char *settings = secure_getenv("GODEBUG");
    return settings != NULL && strstr(settings, "netdns=cgo") != NULL;
}

/* sanitizer_flags.inc takes 0, no and false as "off". */
static bool asan_minds_the_order(void) {
    static const char name[] = "verify_asan_link_order=";
    const char *options = secure_getenv("ASAN_OPTIONS");
    const char *option = options == NULL ? NULL : strstr(options, name);
    return option == NULL || strchr("0nf", option[strlen(name)]) == NULL;
}

/* Whether LD_PRELOAD has the sanitizer's library before ours. */
static bool asan_comes_first(const char *sanitizer) {
    const char *preload = secure_getenv("LD_PRELOAD");
    if (preload == NULL)
        return false;
    const char *asan = strstr(preload, sanitizer), *ours = strstr(preload, "liboriginbypass.so");
    return asan != NULL && ours != NULL && asan < ours && strcspn(preload, " :") > (size_t)(asan - preload);
}

static void inspect_native(const struct elf_file *elf, struct program *program) {
    static const char *const sanitizers[] = {"libasan.so", "libclang_rt.asan", NULL};
    bool *obstacles = program->obstacles;
    bool go = elf_is_go(elf), asks_libc = elf_imports(elf, "getaddrinfo");
    program->loader = elf_loader(elf);
    program->resolver = elf_needs(elf, own_resolver_libraries);
    program->sanitizer = elf_needs(elf, sanitizers);
    obstacles[PROGRAM_GO] = go && !asks_libc;
    obstacles[PROGRAM_GO_CGO] = go && asks_libc && !go_asks_libc();
    obstacles[PROGRAM_STATIC] = !obstacles[PROGRAM_GO] && program->loader == NULL;
    obstacles[PROGRAM_OTHER_LIBC] = program->loader != NULL && system_loader_is_other(program->loader);
    obstacles[PROGRAM_OWN_RESOLVER] = program->resolver != NULL;
    obstacles[PROGRAM_ASAN] =
        program->sanitizer != NULL && asan_minds_the_order() && !asan_comes_first(program->sanitizer);
}

/* For the caller to free. The library is for the same CPU as this command. */
static char *cpus_of(const struct elf_file *elf) {
    char *its = elf_cpu(elf), *ours = elf_own_cpu();
    char *cpus = text_format("this library is for %s, the program for %s", ours, its);
    free(ours);
    free(its);
    return cpus;
}

/* A descriptor below 0 means that the file cannot be read. */
static void inspect_binary(int descriptor, struct program *program) {
    struct stat file;
    struct elf_file elf;
    enum elf_kind kind = ELF_NONE;
    if (descriptor >= 0 && fstat(descriptor, &file) == 0)
        kind = elf_begin(&elf, descriptor, (uint64_t)file.st_size);
    if (kind == ELF_NATIVE) {
        inspect_native(&elf, program);
        elf_end(&elf);
    }
    if (kind == ELF_FOREIGN)
        program->cpus = cpus_of(&elf);
    bool privileged = is_privileged_here(program->binary);
    program->is_unknown = descriptor >= 0 && kind == ELF_NONE;
    program->obstacles[PROGRAM_OTHER_MACHINE] = kind == ELF_FOREIGN;
    program->obstacles[PROGRAM_UNREADABLE] = descriptor < 0;
    program->obstacles[PROGRAM_SETID] = privileged && changes_ids(program->binary);
    program->obstacles[PROGRAM_CAPABILITIES] = privileged && gains_capabilities(program->binary);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/*
 * Looks at program->binary. If it is a script, returns its interpreter, which the caller must free(3); otherwise NULL.
 */
static char *inspect_file(struct program *program) {
    char line[SCRIPT_LINE_MAX] = "";
    int descriptor = foreign_file_open(program->binary, UINT64_MAX, NULL);
    if (descriptor >= 0)
        read_script_line(descriptor, line);
    if (line[0] == '\0')
        inspect_binary(descriptor, program);
    if (descriptor >= 0)
        close(descriptor);
    return line[0] == '\0' ? NULL : interpreter_of(line);
}

int program_inspect(const char *name, struct program *program) {
    *program = (struct program){0};
    int problem = find_program(name, &program->path);
    if (program->path != NULL)
        program->binary = memory_text(program->path);
    for (size_t scripts = 0; problem == 0 && program->binary != NULL; scripts++) {
        char *interpreter = inspect_file(program);
        if (interpreter == NULL)
            break;
        free(program->binary);
        program->binary = NULL;
        problem = scripts == SCRIPTS_MAX ? ELOOP : find_program(interpreter, &program->binary);
        if (problem != 0)
            program->interpreter = memory_text(interpreter);
        free(interpreter);
    }
    return problem;
}

void program_complain(const char *name, int error) {
    struct program program;
    (void)program_inspect(name, &program);
    const char *interpreter = program.interpreter;
    cli_complain("%s: %s%s%s", name, interpreter == NULL ? "" : interpreter, interpreter == NULL ? "" : ": ",
                 strerror(error)); // NOLINT(concurrency-mt-unsafe): there is one thread
    program_free(&program);
}

void program_free(struct program *program) {
    free(program->path);
    free(program->binary);
    free(program->interpreter);
    free(program->loader);
    free(program->cpus);
    free(program->resolver);
    free(program->sanitizer);
    *program = (struct program){0};
}
