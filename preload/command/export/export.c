#include "originbypass/command/export/export.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/subcommand.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/resolution.h"

static const struct export_format *const FORMATS[] = {
    &export_hosts, &export_hostaliases, &export_nginx, &export_haproxy, &export_dnsmasq, &export_coredns,
};

enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(FORMATS[0]) };

void export_comment(const struct export *export, const struct host_rule *rule, const char *format, ...) {
    char *what = NULL, *name = describe_rule(rule), *place = describe_place(export->config, rule);
    va_list arguments;
    va_start(arguments, format);
    memory_checked(vasprintf(&what, format, arguments) < 0 ? NULL : what);
    va_end(arguments);
    char *comment = text_format("%s (%s): %s", name, place, what);
    fputs("# ", stdout);
    text_print(stdout, comment); /* on one line, whatever the file is called */
    putchar('\n');
    free(comment);
    free(place);
    free(name);
    free(what);
}

static bool is_asked_for(const struct host_rule *rule) {
    return !rule->excluded && rule->settings->pinned_ipv4 == NULL;
}

void export_comment_rejection(const struct export *export, const struct host_rule *rule) {
    if (!is_asked_for(rule) || rule->settings->reject == NULL)
        return;
    char *reject = describe_prefixes(rule->settings->reject), *accept = describe_prefixes(rule->settings->accept);
    export_comment(export, rule, "not expressed: reject = %s; accept = %s", reject, accept);
    free(accept);
    free(reject);
}

void export_comment_family(const struct export *export, const struct host_rule *rule) {
    if (is_asked_for(rule) && rule->settings->family != FAMILY_ANY)
        export_comment(export, rule, "not expressed: family = %s", describe_family(rule->settings->family));
}

/* Below every name there may be any label: this one has hardly a rule of its own. */
#define ANY_LABEL "originbypass-any-name-below"

const struct host_rule *export_rule_below(const struct export *export, const char *name) {
    struct name below;
    char *text = text_format(ANY_LABEL ".%s", name);
    bool folded = name_fold(&below, text);
    free(text);
    return folded ? rules_match(export->rules, &below) : NULL;
}

void export_server(const struct server_address *server, char separator) {
    char *address = describe_address(&server->address);
    bool brackets = server->address.family == AF_INET6 && separator == ':';
    printf(brackets ? "[%s]%c%u" : "%s%c%u", address, separator, server->port);
    free(address);
}

static void each_address(const struct answer *answer, void (*write)(const char *address, void *context),
                         void *context) {
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        char *text = describe_address(&address);
        write(text, context);
        free(text);
    }
}

void export_each_pinned(const struct host_settings *settings, void (*write)(const char *address, void *context),
                        void *context) {
    if (settings->family != FAMILY_IPV6)
        each_address(settings->pinned_ipv4, write, context);
    if (settings->family != FAMILY_IPV4)
        each_address(settings->pinned_ipv6, write, context);
}

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

static bool read_options(int argc, char **argv, const char **name) {
    static const struct option words[] = {{"format", required_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    for (int option; (option = cli_option(argc, argv, "", words)) != -1; *name = optarg)
        if (option != 'f')
            return false;
    return argc == optind && *name != NULL;
}

static int run(int argc, char **argv) {
    const char *name = NULL;
    if (!read_options(argc, argv, &name))
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
    .summary = "Write the rules for a program that has to do without the library",
    .usage = "--format hosts|hostaliases|nginx|haproxy|dnsmasq|coredns",
    .help = "Writes the rules that the library would have here to standard output. The first lines\n"
            "say what to do with it. What a format cannot express is a comment in it.\n"
            "\n"
            "  hosts        exact names with the addresses that they have now, for /etc/hosts\n"
            "  hostaliases  other names for names without a dot, for HOSTALIASES\n"
            "  nginx        resolver, and a map from names to what is connected to\n"
            "  haproxy      resolvers sections, and what belongs into a server line\n"
            "  dnsmasq      which names are asked of which upstreams\n"
            "  coredns      a server block for each name\n"
            "\n"
            "Only hosts asks DNS. Exits with 1 where a name could not be resolved for it, or there\n"
            "are no rules, or the configuration is refused.\n",
    .run = run,
};
