/* Checks whether a preloaded library can reach a program, and says what to do if it cannot. */
#include "originbypass/command/doctor/doctor_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_known.h"
#include "originbypass/command/doctor/doctor_own_resolver.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/foreign_file.h"
#include "originbypass/command/programs/left_alone.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/preload_fault.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/command/programs/system_loader.h"
#include "originbypass/command/programs/wrapper.h"

/* --- what stands in the way --------------------------------------------------------------------------------------- */

#define WITHOUT_THE_LIBRARY                                                                                            \
    "originbypass run --private-hosts, where it reads the hosts file; a proxy under the library (HTTP_PROXY); or the " \
    "address in hostAliases"

static const char *const REMEDIES[PROGRAM_OBSTACLES] = {
    [PROGRAM_OTHER_MACHINE] =
        "Preload the library that is built for the program's CPU (make ARCH=aarch64 or ARCH=x86_64)",
    [PROGRAM_OTHER_LIBC] = "Take a build of it for glibc or musl, or do without the library: " WITHOUT_THE_LIBRARY,
    [PROGRAM_STATIC] = "Take a dynamically linked build of it, or do without the library: " WITHOUT_THE_LIBRARY,
    [PROGRAM_GO] = "Build it with CGO_ENABLED=1 and run it with GODEBUG=netdns=cgo, or do without the "
                   "library: " WITHOUT_THE_LIBRARY,
    [PROGRAM_SETID] =
        "Start it as the user that it belongs to, or put the library's path into /etc/ld.so.preload and the "
        "hosts into /etc/originbypass/originbypass.conf, owned by root",
    [PROGRAM_CAPABILITIES] =
        "Do without the capability (a port above 1023, or net.ipv4.ip_unprivileged_port_start), or "
        "put the library's path into /etc/ld.so.preload and the hosts into "
        "/etc/originbypass/originbypass.conf, owned by root",
    [PROGRAM_GO_CGO] = "Run it with GODEBUG=netdns=cgo",
    [PROGRAM_OWN_RESOLVER] =
        "Give that resolver the servers 8.8.8.8 and 1.1.1.1 (curl: --dns-servers), or take a build "
        "without it",
    [PROGRAM_ASAN] = "Run it with ASAN_OPTIONS=verify_asan_link_order=0, or name that library in LD_PRELOAD before "
                     "liboriginbypass.so",
    [PROGRAM_UNREADABLE] = "Look at it as a user who may read it",
};

/* What a static program starts gets LD_PRELOAD all the same. */
static void tell_static_shell(const char *shown) {
    findings_tell(&(struct finding){FINDING_NOTE, "program", shown,
                                    "Where the shell itself fetches something (busybox wget), take a dynamically "
                                    "linked program for it"},
                  "its interpreter is linked statically: the library cannot answer what that looks up itself, and can "
                  "answer the programs that the script starts");
}

static bool tell_obstacles(const struct program *program, const char *shown) {
    bool certain = false;
    for (enum program_obstacle obstacle = 0; obstacle < PROGRAM_OBSTACLES; obstacle++) {
        if (!program->obstacles[obstacle])
            continue;
        certain = certain || program_obstacle_is_certain(obstacle);
        if (obstacle == PROGRAM_STATIC && program_is_shell_script(program)) {
            tell_static_shell(shown);
            continue;
        }
        const char *detail = program_obstacle_detail(program, obstacle);
        findings_tell(&(struct finding){program_obstacle_is_certain(obstacle) ? FINDING_BAD : FINDING_NOTE, "program",
                                        shown, REMEDIES[obstacle]},
                      "%s%s%s", program_obstacle_text(obstacle), detail == NULL ? "" : ": ",
                      detail == NULL ? "" : detail);
    }
    return certain;
}

/* --- whether the loader takes the library ------------------------------------------------------------------------- */

static void tell_library_fault(const char *shown, const char *library, const char *fault) {
    findings_tell(&(struct finding){FINDING_BAD, "program-preload", shown, preload_fault_remedy(fault)},
                  "the loader does not take %s: %s", library, fault);
}

static void tell_whether_taken(const char *shown, const char *loader, const char *library) {
    bool known = false;
    char *needs = system_loader_is_of_musl(loader) ? memory_text("musl 1.1.24 or later") : library_needs(library);
    char *refusal = system_loader_refusal(loader, library, &known);
    if (refusal != NULL)
        findings_tell(
            &(struct finding){FINDING_BAD, "program-preload", shown,
                              "Build the library on the release that the program runs on, or on an older one"},
            "the loader does not take %s, which needs %s: %s", library, needs, refusal);
    else if (known)
        findings_tell(&(struct finding){FINDING_GOOD, "program-preload", shown, NULL},
                      "its loader takes %s, which needs %s", library, needs);
    free(refusal);
    free(needs);
}

/* If `pid` is NULL, the program is not running yet, and its loader is looked for in our own root. */
static int status_of_loader(const char *pid, const char *path, struct stat *status) {
    if (pid == NULL)
        return stat(path, status);
    int descriptor = path[0] == '/' ? foreign_file_open_of(pid, path, 0, UINT64_MAX, NULL) : -1;
    int result = descriptor < 0 ? -1 : fstat(descriptor, status);
    if (descriptor >= 0)
        close(descriptor);
    return result;
}

static bool has_our_loader(const char *pid, const char *path, const char *own) {
    struct stat its, ours;
    return own != NULL && status_of_loader(pid, path, &its) == 0 && stat(own, &ours) == 0 &&
           its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
}

static void tell_untried(const char *pid, const struct program *program, const char *shown) {
    if (pid == NULL && access(program->loader, F_OK) != 0 && errno == ENOENT)
        findings_tell(&(struct finding){FINDING_BAD, "program", shown,
                                        "Run originbypass doctor where the program runs, or install its libc"},
                      "cannot be run here: its loader %s is missing", program->loader);
    else
        findings_tell(
            &(struct finding){FINDING_NOTE, "program-preload", shown,
                              "Run originbypass doctor where that loader is the system's own"},
            "names %s for its loader, which is not the system's own: whether it takes the library was not tried",
            program->loader);
}

/* A program can name any file as its loader. So a loader is run only if the system has it, whoever names it. */
static void try_preload(const char *pid, const struct program *program, const char *shown) {
    const char *loader = system_loader_for(program->loader);
    char *library = library_find(), *fault = library == NULL ? NULL : preload_fault(pid, library);
    if (!has_our_loader(pid, program->loader, loader))
        tell_untried(pid, program, shown);
    else if (library == NULL)
        findings_tell(&(struct finding){FINDING_BAD, "library", "liboriginbypass.so",
                                        "Put it beside this command, or name it in ORIGIN_BYPASS_LIBRARY"},
                      "not found");
    else if (fault != NULL)
        tell_library_fault(shown, library, fault);
    else
        tell_whether_taken(shown, loader, library);
    free(fault);
    free(library);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* A shell script is usually an entrypoint. */
static void tell_shell_script(const struct program *program, const char *shown) {
    if (program_is_shell_script(program))
        findings_tell(&(struct finding){FINDING_NOTE, "program", shown,
                                        "Name the program that it starts in the end, or look at that when it runs, "
                                        "with --pid"},
                      "is a shell script: what it starts is not known");
}

static void tell_left_alone(const struct program *program, char *const *arguments, const char *shown) {
    char *file = left_alone_program(program, arguments);
    if (file != NULL)
        doctor_left_alone("program", shown, file);
    free(file);
}

static void tell_unknown(const struct program *program, const char *shown) {
    if (program->is_unknown)
        findings_tell(
            &(struct finding){FINDING_NOTE, "program", shown,
                              "If it is a script, begin it with a line such as #!/bin/sh"},
            "is no ELF file and does not begin with #!, so the kernel does not run it. A shell does, and what "
            "it starts is not known");
}

/* The kernel says only that there is no such file, and programs say so of the script. */
static void tell_interpreter(const struct program *program, const char *shown, int problem) {
    size_t length = strlen(program->interpreter);
    bool windows = length > 0 && program->interpreter[length - 1] == '\r';
    findings_tell(&(struct finding){FINDING_BAD, "program", shown,
                                    windows ? "Save it with Unix line endings (dos2unix): its first line ends with a "
                                              "carriage return"
                                            : "Install the interpreter, or correct the first line"},
                  "cannot be run: its first line names the interpreter %s: %s", program->interpreter,
                  strerror(problem)); // NOLINT(concurrency-mt-unsafe): there is one thread
}

static void look_at_program(const char *pid, const struct program *program, char *const *arguments, const char *shown) {
    bool unreached = tell_obstacles(program, shown);
    bool known = doctor_known(program, arguments, shown, &unreached);
    if (!known && !unreached)
        doctor_own_resolver(pid, program, shown);
    if (!unreached && program->loader != NULL)
        try_preload(pid, program, shown);
    tell_left_alone(program, arguments, shown);
    tell_shell_script(program, shown);
    tell_unknown(program, shown);
}

static char *named(const struct program *program, const char *shown) {
    return program_is_script(program) ? text_format("%s (%s)", shown, program->binary) : memory_text(shown);
}

static void inspect(const char *pid, char *const *arguments, const char *shown) {
    struct program program;
    int problem = program_inspect(arguments[0], &program);
    char *about = named(&program, shown);
    if (program.interpreter != NULL)
        tell_interpreter(&program, about, problem);
    else if (problem != 0)
        findings_tell(&(struct finding){FINDING_BAD, "program", about, "Give its name in PATH, or its path"},
                      "cannot be run: %s", strerror(problem)); // NOLINT(concurrency-mt-unsafe): there is one thread
    else
        look_at_program(pid, &program, arguments, about);
    free(about);
    program_free(&program);
}

/* Whether this can be run; reports if not. */
static bool is_runnable(char *name) {
    struct program program;
    int problem = program_inspect(name, &program);
    program_free(&program);
    if (problem != 0)
        inspect(NULL, (char *[]){name, NULL}, name);
    return problem == 0;
}

static void tell_unclear(const char *shown) {
    findings_tell(&(struct finding){FINDING_NOTE, "program", shown,
                                    "Name that program itself after --, or look at it when it runs, with --pid"},
                  "starts another program, and its arguments do not tell which one");
}

static void tell_cleared(const char *shown) {
    findings_tell(&(struct finding){FINDING_BAD, "program-preload", shown,
                                    "Start originbypass run after it, or set LD_PRELOAD and ORIGIN_BYPASS_HOSTS there"},
                  "takes LD_PRELOAD away from what it starts, or gives it one without the library");
}

static void tell_private_hosts(const char *shown) {
    findings_tell(&(struct finding){FINDING_NOTE, "program", shown,
                                    "See in that file, when it runs, which names it has: cat /proc/PID/root/etc/hosts"},
                  "gets an /etc/hosts of its own (--private-hosts), and not the library: names are answered from there "
                  "if it reads that file");
}

/* What only starts another program hands on LD_PRELOAD, even if it is linked statically. */
void doctor_program(char *const *arguments, const char *shown) {
    char *const *started = arguments;
    enum wrapper wrapper;
    while ((wrapper = wrapper_read(arguments, &started)) == WRAPPER_CLEAR) {
        if (!is_runnable(arguments[0]))
            return;
        if (wrapper_preloads_nothing(arguments, started)) {
            tell_private_hosts(started[0]);
            return;
        }
        if (wrapper_clears(arguments, started))
            tell_cleared(shown);
        arguments = started;
        shown = arguments[0];
    }
    inspect(NULL, arguments, shown);
    if (wrapper == WRAPPER_UNCLEAR)
        tell_unclear(shown);
}

void doctor_program_of(const char *pid, const char *shown) {
    char *path = text_format("/proc/%s/exe", pid);
    inspect(pid, (char *[]){path, NULL}, shown);
    free(path);
}
