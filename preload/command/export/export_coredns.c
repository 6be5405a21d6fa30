#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/export/export_formats.h"

static void write_forward(const struct host_settings *settings) {
    fputs("    forward .", stdout);
    const struct server_address *server;
    for (size_t i = 0; (server = export_upstream(settings, i)) != NULL; i++) {
        putchar(' ');
        export_server(server, ':');
    }
    fputs(" {\n        policy sequential\n    }\n", stdout);
}

/* The name as a regular expression, with its final dot. */
static void write_pattern(const char *name) {
    for (putchar('^'); *name != '\0'; name++)
        printf(*name == '.' ? "\\." : "%c", *name);
    fputs("\\.$", stdout);
}

/*
 * Both sections of the reply must have the name that was asked for, because resolvers drop replies with another name.
 */
static void write_rewrite(const struct host_rule *rule) {
    fputs("    rewrite stop {\n        name regex ", stdout);
    write_pattern(rule->name);
    printf(" %s.\n        answer name ", rule->settings->query_name);
    write_pattern(rule->settings->query_name);
    printf(" %s.\n    }\n", rule->name);
}

static void write_template_answer(const char *address, void *type) {
    bool is_ipv6 = strchr(address, ':') != NULL;
    if (is_ipv6 == (strcmp(type, "AAAA") == 0))
        printf("        answer \"{{ .Name }} 60 IN %s %s\"\n", (const char *)type, address);
}

/* For a type without an address, the answer is that the name exists but has no such record. */
static void write_templates(const struct host_settings *settings) {
    static const char *const types[] = {"A", "AAAA"};
    for (size_t i = 0; i < 2; i++) {
        printf("    template IN %s {\n", types[i]);
        export_each_pinned(settings, write_template_answer, (void *)types[i]);
        fputs("        rcode NOERROR\n    }\n", stdout);
    }
}

static void write_block(const struct host_rule *rule) {
    printf("%s:53 {\n    errors\n", rule->name);
    if (rule->excluded) {
        fputs("    forward . /etc/resolv.conf\n", stdout);
    } else if (rule->settings->pinned_ipv4 != NULL) {
        write_templates(rule->settings);
    } else {
        fputs("    cache 30\n", stdout);
        if (rule->settings->query_name != NULL)
            write_rewrite(rule);
        write_forward(rule->settings);
    }
    fputs("}\n", stdout);
}

/* One block is for a name and all names below it. "name" and "*.name" share it if there are both rules. */
static const struct host_rule *find_rule(const struct export *export, enum rule_kind kind, const char *name) {
    for (size_t i = 0; i < export->config->rule_count; i++) {
        const struct host_rule *rule = &export->config->rules[i];
        if (rule->kind == kind && strcmp(rule->name, name) == 0)
            return rule;
    }
    return NULL;
}

static bool is_same_way(const struct host_rule *rule, const struct host_rule *other) {
    return rule->excluded ? other->excluded : !other->excluded && rule->settings == other->settings;
}

static void write_coredns_rule(const struct export *export, const struct host_rule *rule) {
    const struct host_rule *exact = rule->kind == RULE_BELOW ? find_rule(export, RULE_NAME, rule->name) : NULL;
    if (!export_comment_when(export, rule))
        return;
    if (rule->kind == RULE_ALL) {
        export_comment(export, rule, "not expressed: the zone . is the cluster's own; put forward . into its block");
        return;
    }
    if (exact != NULL) {
        export_comment(export, rule,
                       is_same_way(exact, rule) ? "in the block of \"%s\""
                                                : "not expressed: its block would be that of \"%s\"",
                       exact->name);
        return;
    }
    if (rule->kind == RULE_NAME && find_rule(export, RULE_BELOW, rule->name) == NULL)
        export_comment(export, rule, "its block is also for all names below it");
    if (rule->kind == RULE_BELOW)
        export_comment(export, rule, "its block is also for %s itself", rule->name);
    export_comment_rejection(export, rule);
    export_comment_family(export, rule);
    write_block(rule);
}

static bool write_coredns(const struct export *export) {
    export_comment_services(export);
    for (size_t i = 0; i < export->config->rule_count; i++)
        write_coredns_rule(export, &export->config->rules[i]);
    return true;
}

const struct export_format export_coredns = {
    .name = "coredns",
    .use = "Server blocks for the Corefile, in Kubernetes of the ConfigMap kube-system/coredns, beside the\n"
           "block .:53 that is there. They hold for every pod. There is no fallback: where external DNS has\n"
           "no answer, there is none.",
    .write = write_coredns,
};
