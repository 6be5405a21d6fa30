#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/misspelt.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/own_command.h"
#include "originbypass/command/programs/left_alone.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/command/programs/wrapper.h"
#include "originbypass/command/run/private_hosts.h"

/* The same exit codes as env(1). */
enum { RUN_FAILED = 125, RUN_REFUSED = 126, RUN_NOT_FOUND = 127 };

enum { PRIVATE_HOSTS = CLI_WORD_ONLY };

struct run_options {
    struct option_settings settings;
    bool private_hosts;
    char **program; /* the program and its arguments */
};

/* What a static program starts gets LD_PRELOAD all the same. */
static const char *consequence(const struct program *program, enum program_obstacle obstacle) {
    if (obstacle == PROGRAM_STATIC && program_is_shell_script(program))
        return "; the library cannot answer what that looks up itself, and can answer the programs that the script "
               "starts";
    if (obstacle == PROGRAM_ASAN)
        return "; set ASAN_OPTIONS=verify_asan_link_order=0";
    return program_obstacle_is_certain(obstacle) ? "; the library cannot answer it (--private-hosts may help)"
                                                 : "; the library may not be asked";
}

static void warn_of_obstacle(const struct program *program, enum program_obstacle obstacle) {
    bool is_script = program_is_script(program);
    const char *detail = program_obstacle_detail(program, obstacle);
    cli_complain("warning: %s%s%s%s %s%s%s%s", program->path, is_script ? " is run by " : "",
                 is_script ? program->binary : "", is_script ? ", which" : "", program_obstacle_text(obstacle),
                 detail == NULL ? "" : ": ", detail == NULL ? "" : detail, consequence(program, obstacle));
}

static void warn_where_left_alone(const struct program *program, char *const *arguments) {
    char *file = left_alone_program(program, arguments);
    if (file != NULL)
        cli_complain("warning: \"programs\" in %s leaves %s alone; the library does not answer it", file,
                     program->path);
    free(file);
}

static void warn_where_out_of_reach(const struct program *program, char *const *arguments) {
    for (enum program_obstacle obstacle = 0; obstacle < PROGRAM_OBSTACLES; obstacle++)
        if (program->obstacles[obstacle])
            warn_of_obstacle(program, obstacle);
    warn_where_left_alone(program, arguments);
}

/* Its loader would fail with the library in LD_PRELOAD, and the program would not start. */
static bool refuses_library(const struct program *program) {
    enum program_obstacle obstacle =
        program->obstacles[PROGRAM_OTHER_MACHINE] ? PROGRAM_OTHER_MACHINE : PROGRAM_OTHER_LIBC;
    if (!program->obstacles[obstacle])
        return false;
    const char *detail = program_obstacle_detail(program, obstacle);
    cli_complain(
        "%s %s%s%s%s, so it cannot be started with it; with --private-hosts it is started without the library, "
        "and gets the addresses from an /etc/hosts of its own",
        program->binary, program_obstacle_text(obstacle), detail == NULL ? "" : " (", detail == NULL ? "" : detail,
        detail == NULL ? "" : ")");
    return true;
}

/* False: the program must not be started. `warns`: say where the library does not reach it. */
static bool may_start_with_library(char *const *arguments, bool warns) {
    struct program program;
    bool startable = true;
    if (program_inspect(arguments[0], &program) == 0) {
        startable = !refuses_library(&program);
        if (startable && warns)
            warn_where_out_of_reach(&program, arguments);
    }
    program_free(&program);
    return startable;
}

/* What only starts another program hands on LD_PRELOAD, even if it is linked statically: that one matters. */
static bool may_start(const struct run_options *options) {
    char *const *arguments = options->program, *const * started;
    while (wrapper_read(arguments, &started) == WRAPPER_CLEAR) {
        if (!may_start_with_library(arguments, false))
            return false;
        arguments = started;
    }
    return may_start_with_library(arguments, !options->settings.quiet);
}

static bool preload(const struct run_options *options) {
    char *library = library_find_loadable();
    if (library == NULL)
        return false;
    char *value = library_preload(library);
    if (setenv("LD_PRELOAD", value, 1) != 0) // NOLINT(concurrency-mt-unsafe): there is one thread
        memory_checked(NULL);
    free(value);
    free(library);
    return may_start(options);
}

static int execute(char **program) {
    execvp(program[0], program);
    int error = errno;
    program_complain(program[0], error);
    return error == ENOENT ? RUN_NOT_FOUND : RUN_REFUSED;
}

static void warn_of_misspelt(const char *text, void *unused) {
    (void)unused;
    cli_complain("warning: %s", text);
}

static int run_program(struct run_options *options, int argc, char **argv) {
    if (!options->settings.quiet)
        misspelt_variables(warn_of_misspelt, NULL);
    /* A hosts file of the program's own knows names only. */
    if (!options->private_hosts)
        option_settings_use_auto(&options->settings);
    bool changed = option_settings_export(&options->settings);
    if (!option_settings_check(&options->settings))
        return RUN_FAILED;
    if (options->private_hosts && changed) {
        own_command_start_again(argc, argv); /* with the library's parts that read the environment */
        return RUN_FAILED;
    }
    if (!(options->private_hosts ? private_hosts_enter(options->settings.quiet) : preload(options)))
        return RUN_FAILED;
    return execute(options->program);
}

static bool take_option(void *context, int code, const char *value) {
    struct run_options *options = context;
    if (code == PRIVATE_HOSTS)
        options->private_hosts = true;
    else
        option_settings_take(&options->settings, code, value);
    return true;
}

static bool read_run_options(struct run_options *options, int argc, char **argv, struct cli_arguments *arguments) {
    if (!cli_read(argc, argv, take_option, options, arguments))
        return false;
    options->program = arguments->operands;
    if (arguments->count > 0)
        return true;
    cli_complain("no program to run");
    return false;
}

static int run(int argc, char **argv) {
    struct run_options options = {0};
    struct cli_arguments arguments;
    int status = RUN_FAILED;
    if (read_run_options(&options, argc, argv, &arguments))
        status = run_program(&options, argc, argv);
    else
        cli_usage();
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_run = {
    .name = "run",
    .summary = "Run a program with the library",
    .usage = "[OPTION...] PROGRAM [ARGUMENT...]",
    .help = "Puts the library before what is in LD_PRELOAD, and becomes the program. The\n"
            "library is ORIGIN_BYPASS_LIBRARY, or the first liboriginbypass.so beside this\n"
            "command, in ../lib of it, or in /usr/local/lib, /usr/lib, /usr/lib/*-linux-* and\n"
            "/usr/lib64. The loader must accept it. If a preloaded library cannot reach the\n"
            "program, or the configuration does not serve it, there is a warning, and the\n"
            "program is run. A program of another libc or for another CPU is not run, because\n"
            "it does not start with the library; see --private-hosts.\n"
            "\n"
            "If nothing is configured, neither by an option nor by a variable nor by a file,\n"
            "the hosts are auto: every name that libc leads to a CDN.\n"
            "\n"
            "Options after PROGRAM are its own. An option overrides the environment and must\n"
            "be correct. Mistakes in the environment, and in a file that it names, are left\n"
            "to the library: it reports them, and libc answers.\n",
    .example = "originbypass run -H cdn.example.com curl -sS https://cdn.example.com/",
    .operands = CLI_OPERANDS_COMMAND,
    .options = (const struct cli_option[]){CLI_SETTINGS,
                                           CLI_VERBOSE,
                                           CLI_QUIET,
                                           {PRIVATE_HOSTS, "private-hosts", NULL,
                                            "for programs that the library cannot reach: resolve the names of the host "
                                            "rules now, and give the program an "
                                            "/etc/hosts of its own with them, in a mount namespace (with a user "
                                            "namespace, if the right to make one is "
                                            "missing). The addresses stay the same as long as the program runs. "
                                            "Wildcards are left out, and nothing is "
                                            "preloaded. If the system forbids it, nothing is run"},
                                           CLI_END},
    .exits = (const struct cli_exit[]){{RUN_FAILED, "failure: the program was not run, or the command line is wrong"},
                                       {RUN_REFUSED, "the program cannot be executed"},
                                       {RUN_NOT_FOUND, "there is no such program; any other status is the program's"},
                                       CLI_EXIT_END},
    .run = run,
};
