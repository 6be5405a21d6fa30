#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "originbypass/command/export/export_formats.h"

/* A section is named after the first rule that needs it, because rules with the same upstreams share a section. */
static void write_section_name(const struct export *export, const struct host_settings *settings) {
    const struct config *config = export->config;
    if (settings->upstreams == config->general.upstreams) {
        fputs("originbypass", stdout);
        return;
    }
    for (size_t i = 0; i < config->rule_count; i++)
        if (!config->rules[i].excluded && config->rules[i].settings->upstreams == settings->upstreams) {
            printf("originbypass-%zu", i + 1);
            return;
        }
}

static void write_section(const struct export *export, const struct host_settings *settings) {
    fputs("resolvers ", stdout);
    write_section_name(export, settings);
    putchar('\n');
    const struct server_address *server;
    for (size_t i = 0; (server = export_upstream(settings, i)) != NULL; i++) {
        printf("    nameserver upstream%zu ", i + 1);
        export_server(server, ':');
        putchar('\n');
    }
    printf("    accepted_payload_size 1232\n"
           "    timeout resolve 1s\n"
           "    timeout retry %" PRIu32 "ms\n\n",
           settings->query.timeout_ms);
}

static bool needs_a_section(const struct export *export, size_t place) {
    const struct host_rule *rule = &export->config->rules[place];
    if (rule->excluded || rule->settings->pinned_ipv4 != NULL ||
        rule->settings->upstreams == export->config->general.upstreams)
        return false;
    for (size_t i = 0; i < place; i++)
        if (!export->config->rules[i].excluded &&
            export->config->rules[i].settings->upstreams == rule->settings->upstreams)
            return false;
    return true;
}

static void write_pinned_server(const char *address, void *context) {
    size_t *number = context;
    bool is_ipv6 = strchr(address, ':') != NULL;
    printf("#     server origin%zu %s%s%s:443\n", ++*number, is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "");
}

static void write_server_line(const struct export *export, const struct host_rule *rule) {
    const struct host_settings *settings = rule->settings;
    const char *name = settings->query_name != NULL ? settings->query_name : rule->name;
    printf("#     server origin %s%s:443 resolvers ",
           rule->kind == RULE_NAME || settings->query_name != NULL ? "" : "NAME.", name);
    write_section_name(export, settings);
    printf(" init-addr none%s\n", settings->family == FAMILY_IPV4   ? " resolve-prefer ipv4"
                                  : settings->family == FAMILY_IPV6 ? " resolve-prefer ipv6"
                                                                    : "");
}

static void write_haproxy_rule(const struct export *export, const struct host_rule *rule) {
    size_t number = 0;
    if (!export_comment_when(export, rule))
        return;
    if (rule->excluded) {
        export_comment(export, rule, "needs nothing: without resolvers in its server line libc answers");
        return;
    }
    export_comment_rejection(export, rule);
    if (rule->kind == RULE_ALL) {
        export_comment(export, rule, "not expressed: every name; a server line has one");
        return;
    }
    export_comment(export, rule, rule->kind == RULE_NAME ? "in its backend:" : "in the backend of each name below it:");
    if (rule->settings->pinned_ipv4 != NULL)
        export_each_pinned(rule->settings, write_pinned_server, &number);
    else
        write_server_line(export, rule);
}

static bool write_haproxy(const struct export *export) {
    export_comment_services(export);
    write_section(export, &export->config->general);
    for (size_t i = 0; i < export->config->rule_count; i++)
        if (needs_a_section(export, i))
            write_section(export, export->config->rules[i].settings);
    for (size_t i = 0; i < export->config->rule_count; i++)
        write_haproxy_rule(export, &export->config->rules[i]);
    return true;
}

const struct export_format export_haproxy = {
    .name = "haproxy",
    .use = "Put the sections into haproxy.cfg, and into each backend's server line what is said of its name\n"
           "below; with TLS also: ssl verify required ca-file FILE sni str(NAME). HAProxy asks again whatever\n"
           "the TTL says (hold, in its manual). There is no fallback.",
    .write = write_haproxy,
};
