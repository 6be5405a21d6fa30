#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "originbypass/command/base/cli.h"
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

static bool read_export_options(int argc, char **argv, const char **name) {
    static const struct option words[] = {{"format", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    for (int option; (option = cli_option(argc, argv, "", words)) != -1; *name = optarg)
        if (option != 'f')
            return false;
    return argc == optind && *name != NULL;
}

static int run(int argc, char **argv) {
    const char *name = NULL;
    if (!read_export_options(argc, argv, &name))
        return cli_usage();
    const struct export_format *format = find_format(name);
    if (format == NULL) {
        cli_complain("there is no format '%s': expected hosts, hostaliases, nginx, haproxy, dnsmasq or coredns", name);
        return CLI_USAGE;
    }
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

const struct cli_command cli_export = {
    .name = "export",
    .summary = "Write the rules for a program that cannot use the library",
    .usage = "--format hosts|hostaliases|nginx|haproxy|dnsmasq|coredns",
    .help = "Writes the rules that the library would have here to standard output. The first\n"
            "lines say what to do with it. What a format cannot express is a comment in it.\n"
            "\n"
            "  hosts        exact names with the addresses that they have now, for /etc/hosts\n"
            "  hostaliases  other names for names without a dot, for HOSTALIASES\n"
            "  nginx        resolver, and a map from names to addresses\n"
            "  haproxy      resolvers sections, and what belongs into a server line\n"
            "  dnsmasq      which names are asked of which upstreams\n"
            "  coredns      a server block for each name\n"
            "\n"
            "Only hosts asks DNS. Exits with 1 if it could not resolve a name, if there are no\n"
            "rules, or if the configuration is refused.\n",
    .run = run,
};
