#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/export/export_formats.h"

static const char *family_option(enum family_choice family) {
    return family == FAMILY_IPV4 ? " ipv6=off" : family == FAMILY_IPV6 ? " ipv4=off" : "";
}

static void write_resolver(const struct host_settings *settings, char separator) {
    fputs("resolver", stdout);
    const struct server_address *server;
    for (size_t i = 0; (server = export_upstream(settings, i)) != NULL; i++) {
        putchar(' ');
        export_server(server, separator);
    }
    printf("%s;\n", family_option(settings->family));
}

static void comment_resolver(const struct export *export, const struct host_rule *rule) {
    const struct host_settings *settings = rule->settings, *general = &export->config->general;
    if (rule->excluded || settings->pinned_ipv4 != NULL ||
        (settings->upstreams == general->upstreams && settings->family == general->family))
        return;
    export_comment(export, rule, "its location also needs:");
    fputs("#     ", stdout);
    write_resolver(settings, ':');
}

/* Of a pinned rule: the first address, and the number of the others. */
struct pinned {
    char first[80];
    size_t others;
};

static void write_nginx_address(const char *address, void *context) {
    struct pinned *pinned = context;
    if (pinned->first[0] != '\0')
        pinned->others++;
    else
        snprintf(pinned->first, sizeof(pinned->first), strchr(address, ':') != NULL ? "[%s]" : "%s", address);
}

static void write_target(const struct export *export, const struct host_rule *rule) {
    struct pinned pinned = {.first = ""};
    const char *target = "$originbypass_name";
    if (!rule->excluded && rule->settings->pinned_ipv4 != NULL) {
        export_each_pinned(rule->settings, write_nginx_address, &pinned);
        target = pinned.first;
        if (pinned.others > 0)
            export_comment(export, rule, "not expressed: %zu more addresses; a variable holds one", pinned.others);
    } else if (!rule->excluded && rule->settings->query_name != NULL) {
        target = rule->settings->query_name;
    } else if (rule->excluded) {
        target = "";
    }
    printf("    %s%s \"%s\";\n", rule->kind == RULE_BELOW ? "*." : "", rule->name, target);
}

/* With `*`, names without a dot and names that are local by definition are still left to the local DNS. */
static void write_all_names(void) {
    static const char *const local[] = {".localhost", ".local", ".internal",     ".home.arpa",
                                        ".onion",     ".svc",   ".cluster.local"};
    fputs("    default $originbypass_name;\n    \"~^[^.]*$\" \"\";\n", stdout);
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        printf("    %s \"\";\n", local[i]);
}

static void write_nginx_rule(const struct export *export, const struct host_rule *rule) {
    if (!export_comment_when(export, rule))
        return;
    if (rule->kind == RULE_ALL && rule->excluded) {
        export_comment(export, rule, "needs no line: libc's names do not stand in variables");
        return;
    }
    if (rule->kind == RULE_ALL && (rule->settings->query_name != NULL || rule->settings->pinned_ipv4 != NULL)) {
        export_comment(export, rule, "not expressed: one target for every name");
        return;
    }
    if (rule->excluded)
        export_comment(export, rule, "libc's: write the name into proxy_pass itself, without a variable");
    export_comment_rejection(export, rule);
    comment_resolver(export, rule);
    if (rule->kind == RULE_ALL)
        write_all_names();
    else
        write_target(export, rule);
}

static bool write_nginx(const struct export *export) {
    export_comment_services(export);
    write_resolver(&export->config->general, ':');
    fputs("\nmap $originbypass_name $originbypass_target {\n    hostnames;\n", stdout);
    for (size_t i = 0; i < export->config->rule_count; i++)
        write_nginx_rule(export, &export->config->rules[i]);
    fputs("}\n", stdout);
    return true;
}

const struct export_format export_nginx = {
    .name = "nginx",
    .use = "Include it in http { }. A location that leads to one of the names says:\n"
           "    set $originbypass_name cdn.example.com;\n"
           "    proxy_pass https://$originbypass_target;\n"
           "    proxy_set_header Host $originbypass_name;\n"
           "    proxy_ssl_name $originbypass_name;\n"
           "    proxy_ssl_server_name on;\n"
           "Because of the variable nginx asks these servers, as often as the TTL says. The target is empty,\n"
           "and the request fails, for names that no rule lists. There is no fallback. Long names may want a\n"
           "greater map_hash_bucket_size.",
    .write = write_nginx,
};
