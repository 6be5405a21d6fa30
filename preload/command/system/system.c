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
    const char *letters;
    const struct option *words;
    int (*run)(const struct system_options *options);
} VERBS[] = {
    {"enable", "f", (const struct option[]){{"force", no_argument, NULL, 'f'}, {0}}, enable},
    {"disable", "", NULL, disable},
    {"status", "j", (const struct option[]){{"json", no_argument, NULL, 'j'}, {0}}, status},
};

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++)
        if (strcmp(VERBS[i].name, name) == 0)
            return &VERBS[i];
    cli_complain("'%s' is not enable, disable or status", name);
    return NULL;
}

static int run(int argc, char **argv) {
    struct system_options options = {0};
    const struct verb *verb = argc < 2 ? NULL : find_verb(argv[1]);
    if (verb == NULL)
        return cli_usage();
    argc--;
    argv++;
    for (int option; (option = cli_option(argc, argv, verb->letters, verb->words)) != -1;) {
        if (option == '?')
            return cli_usage();
        options.forced = options.forced || option == 'f';
        options.json = options.json || option == 'j';
    }
    if (optind == argc)
        return verb->run(&options);
    cli_complain("%s takes no argument", verb->name);
    return cli_usage();
}

const struct cli_command cli_system = {
    .name = "system",
    .summary = "Put the library into every program of this machine, or remove it",
    .usage = "enable [-f]\n"
             "disable\n"
             "status [-j]",
    .help = "With glibc, every program that is started gets what is in /etc/ld.so.preload,\n"
            "setuid programs too. The library is ORIGIN_BYPASS_LIBRARY, or the first\n"
            "liboriginbypass.so beside this command, in ../lib of it, or in /usr/local/lib,\n"
            "/usr/lib, /usr/lib/*-linux-* and /usr/lib64. Its host rules are those of\n"
            "/etc/originbypass/originbypass.conf. The file is replaced as a whole, and the\n"
            "entries of others stay. Only root may change it. Read originbypass-system(8)\n"
            "about the risks first.\n"
            "\n"
            "enable: check the configuration, try the library in a few programs, then enter it.\n"
            "It is refused if the configuration has an error. The library is refused if a\n"
            "program fails with it or prints something that it does not print without it, if\n"
            "another user may write it, and if it may disappear: below /home or /tmp, in a\n"
            "source tree, in memory or on the network.\n"
            "disable: remove it, and entries of it whose file no longer exists. Do this before\n"
            "you remove the library.\n"
            "status: is it entered, does it exist, does it load; which running programs have\n"
            "it, have an old copy, or lack it.\n"
            "\n"
            "  -f, --force  enter it even if it may disappear, or if a group may write it\n"
            "  -j, --json   write one JSON document: entries, programs, and the status\n"
            "\n"
            "Exit status: 0 good; 1 not done, or what is entered is missing or does not load;\n"
            "2 usage; 3 for status: some programs have to be restarted.\n",
    .run = run,
};
