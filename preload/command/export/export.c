#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/export/export_formats.h"

static const struct export_format *const FORMATS[] = {
    &export_hosts, &export_hostaliases, &export_nginx, &export_haproxy, &export_dnsmasq, &export_coredns,
};

enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(FORMATS[0]) };

static const struct export_format *find_format(const char *name) {
    for (size_t i = 0; name != NULL && i < FORMAT_COUNT; i++)
        if (strcmp(FORMATS[i]->name, name) == 0)
            return FORMATS[i];
    return NULL;
}

static void write_comment_lines(const char *text) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        printf("# %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void write_header(const struct export *export, const struct export_format *format) {
    char now[sizeof("2026-01-01T00:00:00Z")];
    time_t seconds = time(NULL);
    struct tm utc;
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
    printf("# Made by originbypass export --format %s, %s, from ", format->name, now);
    text_print(stdout, export->config->file == NULL ? "the environment" : export->config->file);
    fputs(".\n", stdout);
    write_comment_lines(format->use);
    putchar('\n');
}

enum { FORMAT = CLI_WORD_ONLY };

struct export_options {
    struct option_settings settings;
    const char *format;
};

static bool take_option(void *context, int code, const char *value) {
    struct export_options *options = context;
    if (code == FORMAT)
        options->format = value;
    else
        option_settings_take(&options->settings, code, value);
    return true;
}

/* NULL after a complaint. */
static const struct export_format *wanted_format(const struct export_options *options,
                                                 const struct cli_arguments *arguments) {
    const struct export_format *format = options->format == NULL ? NULL : find_format(options->format);
    if (arguments->count > 0)
        cli_complain("takes no operand, but was given %s", arguments->operands[0]);
    else if (options->format == NULL)
        cli_complain("no format is named: --format is needed");
    else if (format == NULL)
        cli_complain("there is no format '%s': expected hosts, hostaliases, nginx, haproxy, dnsmasq or coredns",
                     options->format);
    return arguments->count > 0 ? NULL : format;
}

static int export_rules(const struct export_format *format) {
    const struct rules *rules = resolution_rules();
    if (rules == NULL) {
        cli_complain("nothing is configured: there is no rule to export");
        return CLI_BAD;
    }
    if (resolution_complain_of_refusal(rules))
        return CLI_BAD;
    struct export export = {.rules = rules, .config = rules_config(rules)};
    write_header(&export, format);
    return format->write(&export) ? CLI_GOOD : CLI_BAD;
}

static int run(int argc, char **argv) {
    struct export_options options = {0};
    struct cli_arguments arguments;
    int status = CLI_BAD;
    bool read = cli_read(argc, argv, take_option, &options, &arguments);
    const struct export_format *format = read ? wanted_format(&options, &arguments) : NULL;
    if (format == NULL)
        status = cli_usage();
    else if (option_settings_apply(&options.settings, argc, argv))
        status = export_rules(format);
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_export = {
    .name = "export",
    .summary = "Write the rules for a program that cannot use the library",
    .usage = "--format FORMAT [OPTION...]",
    .help = "Writes the rules that the library would have here to standard output. The first\n"
            "lines say what to do with it. What a format cannot express is a comment in it.\n"
            "Only the format hosts asks DNS.\n"
            "\n"
            "  hosts        exact names with the addresses that they have now, for /etc/hosts\n"
            "  hostaliases  other names for names without a dot, for HOSTALIASES\n"
            "  nginx        resolver, and a map from names to addresses\n"
            "  haproxy      resolvers sections, and what belongs into a server line\n"
            "  dnsmasq      which names are asked of which upstreams\n"
            "  coredns      a server block for each name\n",
    .example = "originbypass export --format nginx > originbypass.nginx.conf",
    .options = (const struct cli_option[]){{FORMAT, "format", "hosts|hostaliases|nginx|haproxy|dnsmasq|coredns",
                                            "the format; there is no default"},
                                           CLI_SETTINGS,
                                           CLI_END},
    .exits =
        (const struct cli_exit[]){
            {CLI_GOOD, "success"},
            {CLI_BAD, "failure: a name could not be resolved, there are no rules, or the configuration is refused"},
            CLI_EXIT_USAGE,
            CLI_EXIT_END},
    .run = run,
};
