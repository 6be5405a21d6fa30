#include <stdbool.h>
#include <string.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/system/system_entry.h"
#include "originbypass/command/system/system_status.h"

struct system_options {
    bool forced, json;
};

static int enable(const struct system_options *options) {
    return system_enable(options->forced);
}

static int disable(const struct system_options *options) {
    (void)options;
    return system_disable();
}

static int status(const struct system_options *options) {
    return system_status(options->json);
}

static const struct verb {
    const char *name;
    char option; /* the only one that it takes; 0: none */
    int (*run)(const struct system_options *options);
} VERBS[] = {{"enable", 'f', enable}, {"disable", 0, disable}, {"status", 'j', status}};

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++)
        if (strcmp(VERBS[i].name, name) == 0)
            return &VERBS[i];
    cli_complain("'%s' is not enable, disable or status", name);
    return NULL;
}

static bool take_option(void *context, int code, const char *value) {
    struct system_options *options = context;
    (void)value;
    options->forced = options->forced || code == 'f';
    options->json = options->json || code == 'j';
    return true;
}

static bool fits(const struct verb *verb, const struct system_options *options) {
    if (options->forced && verb->option != 'f')
        cli_complain("%s does not take --force", verb->name);
    else if (options->json && verb->option != 'j')
        cli_complain("%s does not take --json", verb->name);
    else
        return true;
    return false;
}

/* NULL after a complaint. */
static const struct verb *wanted_verb(const struct cli_arguments *arguments, const struct system_options *options) {
    if (arguments->count == 0) {
        cli_complain("nothing to do is named: expected enable, disable or status");
        return NULL;
    }
    const struct verb *verb = find_verb(arguments->operands[0]);
    if (verb != NULL && arguments->count > 1) {
        cli_complain("%s takes no operand, but was given %s", verb->name, arguments->operands[1]);
        return NULL;
    }
    return verb != NULL && fits(verb, options) ? verb : NULL;
}

static int run(int argc, char **argv) {
    struct system_options options = {0};
    struct cli_arguments arguments;
    bool read = cli_read(argc, argv, take_option, &options, &arguments);
    const struct verb *verb = read ? wanted_verb(&arguments, &options) : NULL;
    cli_arguments_free(&arguments);
    return verb == NULL ? cli_usage() : verb->run(&options);
}

const struct cli_command cli_system = {
    .name = "system",
    .summary = "Put the library into every program of this machine, or remove it",
    .usage = "enable [OPTION...]\n"
             "disable\n"
             "status [OPTION...]",
    .help = "With glibc, every program that is started gets what is in /etc/ld.so.preload,\n"
            "setuid programs too. The library is ORIGIN_BYPASS_LIBRARY, or the first\n"
            "liboriginbypass.so beside this command, in ../lib of it, or in /usr/local/lib,\n"
            "/usr/lib, /usr/lib/*-linux-* and /usr/lib64. Its host rules are those of\n"
            "/etc/originbypass/originbypass.conf. The file is replaced as a whole, and the\n"
            "entries of others stay. Only root may change it. Read originbypass-system(8)\n"
            "about the risks first.\n"
            "\n"
            "enable: check the configuration, try the library in a few programs, then enter\n"
            "it. It is refused if the configuration has an error. The library is refused if a\n"
            "program fails with it or prints something that it does not print without it, if\n"
            "another user may write it, and if it may disappear: below /home or /tmp, in a\n"
            "source tree, in memory or on the network.\n"
            "disable: remove it, and entries of it whose file no longer exists. Do this\n"
            "before you remove the library.\n"
            "status: is it entered, does it exist, does it load; which running programs have\n"
            "it, have an old copy, or lack it.\n",
    .example = "originbypass system status",
    .options =
        (const struct cli_option[]){
            {'f', "force", NULL, "for enable: enter it even if it may disappear, or if a group may write it"},
            {'j', "json", NULL, "for status: write one JSON document: entries, programs, and the status"},
            CLI_END},
    .exits =
        (const struct cli_exit[]){
            {CLI_GOOD, "success"},
            {CLI_BAD, "failure: not done, or what is entered is missing or does not load, or /proc is not mounted"},
            CLI_EXIT_USAGE,
            {3, "restart needed, for status: some programs do not have the library that is entered"},
            CLI_EXIT_END},
    .run = run,
};
