#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/cli.h"
#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/document.h"
#include "originbypass/command/base/host_operand.h"
#include "originbypass/command/base/option_settings.h"
#include "originbypass/command/base/table.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/explain/explanation.h"
#include "originbypass/command/explain/explanation_document.h"
#include "originbypass/command/explain/explanation_text.h"

enum { EXPLAIN = CLI_WORD_ONLY };

struct resolve_options {
    struct option_settings settings;
    int family;
    bool explain, json;
};

static bool take_option(void *context, int code, const char *value) {
    struct resolve_options *options = context;
    if (option_settings_take(&options->settings, code, value))
        return true;
    if (code == '4' || code == '6')
        options->family = code == '4' ? AF_INET : AF_INET6;
    options->explain = options->explain || code == EXPLAIN;
    options->json = options->json || code == 'j';
    return true;
}

/* The name is shown as the user wrote it, and therefore escaped. */
static void complain_of_resolution(const struct host_case *host, const struct resolution *resolution) {
    if (resolution->error != NULL)
        cli_complain("%s: %s (said %s)", host->host, resolution->error, resolution_source_text(resolution->source));
    else if (resolution->source == BY_FALLBACK)
        cli_complain("%s: external DNS has no usable answer, and libc has answered; --explain shows more", host->host);
}

/* A refused configuration has been reported already, and is the reason why libc has answered. */
static void complain_of_edge(const struct rules *rules, const struct host_case *host,
                             const struct resolution *resolution) {
    const struct address *edge;
    const char *set = resolution_edge(rules, host, resolution, &edge);
    if (set == NULL || rules_config(rules)->error_count > 0)
        return;
    char *address = describe_address(edge);
    cli_complain("%s: %s is an edge of the CDN (%s), and no origin%s; --explain shows more", host->host, address, set,
                 host->settings == NULL ? ", and external DNS is not asked for this host" : "");
    free(address);
}

static void document_edge(const struct rules *rules, const struct host_case *host,
                          const struct resolution *resolution) {
    const struct address *edge;
    const char *set = resolution_edge(rules, host, resolution, &edge);
    if (set == NULL) {
        document_text("edge", NULL);
        return;
    }
    char *address = describe_address(edge);
    document_begin_object("edge");
    document_text("address", address);
    document_text("set", set);
    document_end();
    free(address);
}

static void document_host(const struct rules *rules, const struct host_case *host,
                          const struct resolution *resolution) {
    document_begin_object(NULL);
    resolution_document(host, resolution);
    document_edge(rules, host, resolution);
    document_end();
}

/* A listed host with libc's addresses has not got what it is listed for, so scripts can see it. */
static bool is_as_wanted(const struct resolution *resolution) {
    return resolution->error == NULL && resolution->source != BY_FALLBACK;
}

static void add_rows(struct table *table, const struct host_case *host, const struct resolution *resolution) {
    for (size_t i = 0; i < resolution->count; i++) {
        char *address = describe_address(&resolution->addresses[i]);
        table_add(table, STYLE_PLAIN, address);
        table_add(table, STYLE_PLAIN, host->host);
        free(address);
    }
}

static bool resolve_all(const struct rules *rules, char **hosts, const struct resolve_options *options) {
    struct table *table = table_new(2, NULL);
    bool all = true;
    for (; *hosts != NULL; hosts++) {
        struct host_case host = resolution_case(rules, *hosts);
        struct resolution resolution = resolution_find(&host, options->family);
        complain_of_resolution(&host, &resolution);
        complain_of_edge(rules, &host, &resolution);
        all = all && is_as_wanted(&resolution);
        if (options->json)
            document_host(rules, &host, &resolution);
        else
            add_rows(table, &host, &resolution);
        resolution_free(&resolution);
    }
    table_print(table, stdout);
    table_free(table);
    return all;
}

static bool explain_all(const struct rules *rules, char **hosts, const struct resolve_options *options) {
    bool all = true;
    for (bool is_first = true; *hosts != NULL; hosts++, is_first = false) {
        struct explanation explanation = explanation_make(rules, *hosts, options->family);
        all = all && is_as_wanted(&explanation.found);
        if (!options->json && !is_first)
            putchar('\n');
        (options->json ? explanation_document : explanation_print)(&explanation);
        explanation_free(&explanation);
    }
    return all;
}

static int resolve(char **hosts, const struct resolve_options *options) {
    const struct rules *rules = resolution_rules();
    bool refused = resolution_complain_of_refusal(rules);
    if (options->json) {
        document_begin_object(NULL);
        document_boolean("refused", refused);
        document_begin_array("hosts");
    }
    bool all = (options->explain ? explain_all : resolve_all)(rules, hosts, options);
    if (options->json) {
        document_end();
        document_end();
    }
    return all && !refused ? CLI_GOOD : CLI_BAD;
}

static bool are_operands_right(const struct cli_arguments *arguments) {
    if (arguments->count == 0)
        cli_complain("no host is named");
    for (size_t i = 0; i < arguments->count; i++)
        if (!host_operand_is_right(arguments->operands[i]))
            return false;
    return arguments->count > 0;
}

static int run(int argc, char **argv) {
    struct resolve_options options = {.family = AF_UNSPEC};
    struct cli_arguments arguments;
    int status = CLI_BAD;
    if (!cli_read(argc, argv, take_option, &options, &arguments) || !are_operands_right(&arguments))
        status = cli_usage();
    else if (option_settings_apply(&options.settings, argc, argv))
        status = resolve(arguments.operands, &options);
    cli_arguments_free(&arguments);
    option_settings_free(&options.settings);
    return status;
}

const struct cli_command cli_resolve = {
    .name = "resolve",
    .summary = "Say which addresses a program with the library gets",
    .usage = "[OPTION...] HOST...",
    .help = "Prints one line for each address, with the name, in the order in which the\n"
            "program gets them. Uses the same environment and configuration file as the\n"
            "library. Warns if a program gets a CDN's edge instead of the origin.\n",
    .example = "originbypass resolve --explain cdn.example.com",
    .options =
        (const struct cli_option[]){
            {'4', NULL, NULL, "only IPv4 addresses"},
            {'6', NULL, NULL, "only IPv6 addresses"},
            {EXPLAIN, "explain", NULL,
             "show every step: the rule that matches, and its line; what each upstream says when it is asked by itself "
             "(type, round trip in ms, TTL in s, CNAMEs, addresses, and which of them are rejected, and why); what the "
             "program gets, and from whom; what libc would have answered without the library; whether an address is a "
             "CDN's edge"},
            CLI_JSON,
            CLI_SETTINGS,
            CLI_END},
    .exits =
        (const struct cli_exit[]){
            {CLI_GOOD,
             "success: each host has addresses, and libc has answered only for hosts that no rule lists, or whose rule "
             "says when and libc knows best. An edge does not change the status"},
            {CLI_BAD,
             "failure: a host has no address, libc has answered for a listed host, or the configuration is refused"},
            CLI_EXIT_USAGE,
            CLI_EXIT_END},
    .run = run,
};
