#include <stdio.h>
#include <string.h>

#include "originbypass/command/export/export_formats.h"

/*
 * A domain as dnsmasq writes it: `name` is for it and all names below it; `*.name` is only for those below, and takes
 * precedence if there are both.
 */
static void write_servers(const char *lead, const char *name, const struct host_settings *settings) {
    if (settings == NULL)
        printf("server=/%s%s/#\n", lead, name);
    const struct server_address *server;
    for (size_t i = 0; settings != NULL && (server = export_upstream(settings, i)) != NULL; i++) {
        printf("server=/%s%s/", lead, name);
        export_server(server, '#');
        putchar('\n');
    }
}

static void write_host_record(const char *address, void *name) {
    printf("host-record=%s,%s\n", (const char *)name, address);
}

static void write_address(const char *address, void *name) {
    printf("address=/*.%s/%s\n", (const char *)name, address);
}

/* With the line `local`, dnsmasq does not ask the local DNS for the family that is not pinned. */
static void write_pinned(const char *lead, const char *name, const struct host_settings *settings) {
    printf("local=/%s%s/\n", lead, name);
    export_each_pinned(settings, lead[0] == '*' ? write_address : write_host_record, (void *)name);
}

static void write_dnsmasq_lines(const char *lead, const char *name, const struct host_settings *settings) {
    if (settings != NULL && settings->pinned_ipv4 != NULL)
        write_pinned(lead, name, settings);
    else
        write_servers(lead, name, settings);
}

/* The settings for the names, as far as dnsmasq can express them. NULL: leave the names to the local DNS. */
static const struct host_settings *expressible(const struct host_rule *rule) {
    const struct host_settings *settings = export_settings(rule);
    return settings == NULL || rule->kind == RULE_ALL || settings->query_name != NULL ? NULL : settings;
}

/* `name` would also change the names below it. These lines send those names where they would go without it. */
static void write_names_below(const struct export *export, const struct host_rule *rule) {
    const struct host_rule *below = export_rule_below(export, rule->name);
    bool has_rule_of_its_own = below != NULL && below->kind == RULE_BELOW && strcmp(below->name, rule->name) == 0;
    if (!has_rule_of_its_own)
        write_dnsmasq_lines("*.", rule->name, expressible(below));
}

static void write_dnsmasq_rule(const struct export *export, const struct host_rule *rule) {
    if (!export_comment_when(export, rule))
        return;
    if (rule->kind == RULE_ALL) {
        export_comment(export, rule, "not expressed: \"#\", the standard servers, would be the external ones too");
        return;
    }
    if (!rule->excluded && rule->settings->query_name != NULL) {
        export_comment(export, rule, "not expressed: to ask for another name, %s", rule->settings->query_name);
        return;
    }
    export_comment_rejection(export, rule);
    export_comment_family(export, rule);
    write_dnsmasq_lines(rule->kind == RULE_BELOW ? "*." : "", rule->name, expressible(rule));
    if (rule->kind == RULE_NAME)
        write_names_below(export, rule);
}

static bool write_dnsmasq(const struct export *export) {
    export_comment_services(export);
    for (size_t i = 0; i < export->config->rule_count; i++)
        write_dnsmasq_rule(export, &export->config->rules[i]);
    return true;
}

const struct export_format export_dnsmasq = {
    .name = "dnsmasq",
    .use = "For dnsmasq 2.86 or later: put it into /etc/dnsmasq.d/ and restart dnsmasq. Its standard\n"
           "servers, the local DNS, are asked for all other names. Of several upstreams it takes the one that\n"
           "answers, in no order. There is no fallback: if external DNS has no answer, there is none.",
    .write = write_dnsmasq,
};
