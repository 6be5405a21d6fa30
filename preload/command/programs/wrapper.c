/* The grammar of programs that only start another one. */
#include "originbypass/command/programs/wrapper.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "originbypass/command/base/text.h"

/*
 * Options as for getopt_long(3): a colon after those that take a value. `0` among the short ones is for numbers, such
 * as nice(1)'s -5. Where `letters` is NULL, the arguments alone do not tell what is started.
 */
static const struct grammar {
    const char *name, *letters, *words;
    size_t operands;   /* that come before the program */
    bool has_settings; /* NAME=VALUE comes before the program */
} GRAMMARS[] = {
    {"timeout", "k:s:v", " kill-after: signal: foreground preserve-status verbose ", 1, false},
    {"nice", "n:0", " adjustment: ", 0, false},
    {"ionice", "c:n:t", " class: classdata: ignore ", 0, false},
    {"nohup", "", "", 0, false},
    {"setsid", "cfw", " ctty fork wait ", 0, false},
    {"stdbuf", "i:o:e:", " input: output: error: ", 0, false},
    {"env", "i0u:C:v", " ignore-environment null unset: chdir: debug ", 0, true},
    {"unshare", "muinpUCTfrcS:G:w:",
     " mount uts ipc net pid user cgroup time fork map-root-user map-current-user map-auto map-user: map-group: "
     "map-users: map-groups: kill-child mount-proc propagation: setgroups: setuid: setgid: wd: keep-caps ",
     0, false},
    {"setpriv", "",
     " reuid: ruid: euid: regid: rgid: egid: groups: clear-groups keep-groups init-groups inh-caps: ambient-caps: "
     "bounding-set: securebits: pdeathsig: no-new-privs nnp ",
     0, false},
    {"su-exec", "", "", 1, false},
    {"gosu", "", "", 1, false},
    {"s6-setuidgid", "", "", 1, false},
    {"tini", "p:e:svwg", "", 0, false},
    {"tini-static", "p:e:svwg", "", 0, false},
    {"docker-init", "p:e:svwg", "", 0, false},
    {"dumb-init", "r:cv", " rewrite: single-child verbose ", 0, false},
    {"catatonit", "g", "", 0, false},
    {"bwrap", NULL, NULL, 0, false},
    {"chroot", NULL, NULL, 0, false},
    {"chrt", NULL, NULL, 0, false},
    {"doas", NULL, NULL, 0, false},
    {"flock", NULL, NULL, 0, false},
    {"nsenter", NULL, NULL, 0, false},
    {"prlimit", NULL, NULL, 0, false},
    {"runuser", NULL, NULL, 0, false},
    {"setarch", NULL, NULL, 0, false},
    {"start-stop-daemon", NULL, NULL, 0, false},
    {"strace", NULL, NULL, 0, false},
    {"su", NULL, NULL, 0, false},
    {"sudo", NULL, NULL, 0, false},
    {"systemd-run", NULL, NULL, 0, false},
    {"taskset", NULL, NULL, 0, false},
    {"time", NULL, NULL, 0, false},
    {"xargs", NULL, NULL, 0, false},
};

/* The loader can be started as a program, which then loads another one and minds LD_PRELOAD: ld.so(8). */
static const struct grammar LOADER = {
    "ld.so", "",
    " library-path: preload: argv0: audit: inhibit-cache inhibit-rpath: glibc-hwcaps-prepend: glibc-hwcaps-mask: ", 0,
    false};

/* This command itself, from the word `run` on. */
static const struct grammar RUN = {"run", "H:u:c:vq", " host: upstream: config: verbose quiet private-hosts ", 0,
                                   false};

/* What is left of a command line. */
typedef char *const *rest;

/* The option of this word: `*takes` is whether it takes the next word as its value. False: it is not known. */
static bool read_word(const struct grammar *grammar, const char *word, bool *takes) {
    size_t length = strcspn(word, "=");
    for (const char *at = grammar->words; (at = strchr(at, ' ')) != NULL && *++at != '\0';)
        if (strncmp(at, word, length) == 0 && strchr(": ", at[length]) != NULL) {
            *takes = at[length] == ':' && word[length] == '\0';
            return true;
        }
    return false;
}

/* The same for letters after one dash. The rest of the word is the value, if there is any. */
static bool read_letters(const struct grammar *grammar, const char *letters, bool *takes) {
    *takes = false;
    for (; *letters != '\0'; letters++) {
        const char *known = strchr(grammar->letters, *letters >= '0' && *letters <= '9' ? '0' : *letters);
        if (known == NULL || *letters == ':')
            return false;
        if (known[1] == ':') {
            *takes = letters[1] == '\0';
            return true;
        }
    }
    return true;
}

/* NULL: an option is not known. */
static rest after_options(const struct grammar *grammar, rest at) {
    while (*at != NULL && (*at)[0] == '-' && ((*at)[1] != '\0' || grammar->has_settings)) {
        bool takes = false;
        if (strcmp(*at, "--") == 0)
            return at + 1;
        if (!((*at)[1] == '-' ? read_word(grammar, *at + 2, &takes) : read_letters(grammar, *at + 1, &takes)))
            return NULL;
        at += takes && at[1] != NULL ? 2 : 1;
    }
    return at;
}

static rest after_operands(const struct grammar *grammar, rest at) {
    for (size_t i = 0; i < grammar->operands && *at != NULL; i++)
        at++;
    while (grammar->has_settings && *at != NULL && strchr(*at, '=') != NULL)
        at++;
    return at;
}

static bool begins_with(const char *word, const char *beginning) {
    return strncmp(word, beginning, strlen(beginning)) == 0;
}

static bool is_the_variable(const char *word, const char *before) {
    return (strcmp(word, "LD_PRELOAD") == 0 && (strcmp(before, "-u") == 0 || strcmp(before, "--unset") == 0)) ||
           strcmp(word, "-uLD_PRELOAD") == 0 || strcmp(word, "--unset=LD_PRELOAD") == 0;
}

static bool empties(const char *word) {
    bool letters = word[0] == '-' && word[1 + strspn(word + 1, "0v")] == 'i';
    return letters || strcmp(word, "-") == 0 || begins_with(word, "--ignore-environment");
}

bool wrapper_clears(char *const *arguments, char *const *program) {
    bool cleared = false;
    if (strcmp(text_base_name(arguments[0]), "env") != 0 || strcmp(text_base_name(*program), "originbypass") == 0)
        return false;
    for (rest at = arguments + 1; at < program; at++)
        if (begins_with(*at, "LD_PRELOAD="))
            cleared = strstr(*at, "originbypass") == NULL;
        else
            cleared = cleared || empties(*at) || is_the_variable(*at, at[-1]);
    return cleared;
}

static bool is_loader(const char *name) {
    return begins_with(name, "ld-linux") || begins_with(name, "ld-musl-") || begins_with(name, "ld64.so") ||
           strcmp(name, LOADER.name) == 0;
}

static bool is_own_run(char *const *arguments) {
    return strcmp(text_base_name(arguments[0]), "originbypass") == 0 && arguments[1] != NULL &&
           strcmp(arguments[1], RUN.name) == 0;
}

bool wrapper_preloads_nothing(char *const *arguments, char *const *program) {
    bool private_hosts = false;
    for (rest at = arguments; at < program && is_own_run(arguments); at++)
        private_hosts = private_hosts || strcmp(*at, "--private-hosts") == 0;
    return private_hosts;
}

static const struct grammar *grammar_of(const char *path) {
    if (is_loader(text_base_name(path)))
        return &LOADER;
    for (size_t i = 0; i < sizeof(GRAMMARS) / sizeof(GRAMMARS[0]); i++)
        if (strcmp(text_base_name(path), GRAMMARS[i].name) == 0)
            return &GRAMMARS[i];
    return NULL;
}

enum wrapper wrapper_read(char *const *arguments, char *const **program) {
    bool own = is_own_run(arguments);
    const struct grammar *grammar = own ? &RUN : grammar_of(arguments[0]);
    arguments += own;
    if (grammar == NULL || arguments[1] == NULL)
        return WRAPPER_NONE;
    rest at = grammar->letters == NULL ? NULL : after_options(grammar, arguments + 1);
    if (at == NULL)
        return WRAPPER_UNCLEAR;
    *program = after_operands(grammar, at);
    return **program == NULL ? WRAPPER_NONE : WRAPPER_CLEAR;
}
