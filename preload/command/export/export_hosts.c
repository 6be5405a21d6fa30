#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/export/export_formats.h"
#include "originbypass/rules/policy.h"

static void comment_edge(const struct export *export, const struct host_rule *rule, const struct address *address) {
    const char *set = policy_edge(rule->settings, address);
    char *text = describe_address(address);
    if (set != NULL)
        export_comment(export, rule, "%s is an edge of the CDN (%s), and no origin", text, set);
    free(text);
}

static void write_addresses(const struct export *export, const struct host_rule *rule,
                            const struct resolution *resolution) {
    for (size_t i = 0; i < resolution->count; i++) {
        char *address = describe_address(&resolution->addresses[i]);
        comment_edge(export, rule, &resolution->addresses[i]);
        printf("%s %s\n", address, rule->name);
        free(address);
    }
    if (resolution->kept_s > 0)
        export_comment(export, rule, "may change in %" PRIu32 " s", resolution->kept_s);
}

/*
 * If external DNS has no answer, libc's answer must not get into the file: this is the answer that the file should
 * replace.
 */
static bool write_name(const struct export *export, const struct host_rule *rule) {
    struct host_case host = resolution_case(export->rules, rule->name);
    struct resolution resolution = resolution_find(&host, AF_UNSPEC);
    bool good = resolution.source == BY_EXTERNAL_DNS || resolution.source == BY_CONFIGURATION;
    if (resolution.source == BY_LIBC)
        export_comment(export, rule, "needs no line now: libc leads to no edge that external DNS could replace");
    else if (!good)
        export_comment(export, rule, "not expressed: external DNS has no usable answer now");
    else if (resolution.error != NULL)
        export_comment(export, rule, "not expressed: it has no address");
    else
        write_addresses(export, rule, &resolution);
    good = resolution.source == BY_LIBC || (good && resolution.error == NULL);
    resolution_free(&resolution);
    return good;
}

static bool write_hosts(const struct export *export) {
    bool all = true;
    for (size_t i = 0; i < export->config->rule_count; i++) {
        const struct host_rule *rule = &export->config->rules[i];
        if (rule->excluded)
            export_comment(export, rule, "needs no line: what has none is asked of DNS");
        else if (rule->kind != RULE_NAME)
            export_comment(export, rule, "not expressed: a hosts file has no wildcards");
        else
            all = write_name(export, rule) && all;
    }
    return all;
}

const struct export_format export_hosts = {
    .name = "hosts",
    .use = "Append it to /etc/hosts of the machine, the container or the pod (hostAliases). The addresses\n"
           "are those of now: make it again when they change (originbypass watch).",
    .write = write_hosts,
};
