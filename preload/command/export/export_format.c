#include "originbypass/command/export/export_format.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/server_lists.h"

void export_comment(const struct export *export, const struct host_rule *rule, const char *format, ...) {
    char *what = NULL, *name = describe_rule(rule), *place = describe_place(export->config, rule);
    va_list arguments;
    va_start(arguments, format);
    memory_checked(vasprintf(&what, format, arguments) < 0 ? NULL : what);
    va_end(arguments);
    char *comment = text_format("%s (%s): %s", name, place, what);
    fputs("# ", stdout);
    text_print(stdout, comment); /* on one line, even if the file's name contains a newline */
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

bool export_comment_when(const struct export *export, const struct host_rule *rule) {
    if (rule->excluded || rule->settings->when != WHEN_EDGE)
        return true;
    if (rule->kind == RULE_ALL)
        export_comment(export, rule, "not expressed: when = edge: list the names that the local DNS leads to the CDN");
    else
        export_comment(export, rule, "not expressed: when = edge: it holds whatever the local DNS says");
    return rule->kind != RULE_ALL;
}

/* Whether a server before it in the list is the same service. */
static bool is_other_address(const struct server_list *upstreams, size_t place) {
    for (size_t i = 0; i < place; i++)
        if (server_is_same_service(&upstreams->servers[i], &upstreams->servers[place]))
            return true;
    return false;
}

const struct server_address *export_upstream(const struct host_settings *settings, size_t place) {
    for (size_t i = 0; i < settings->upstreams->count; i++)
        if (!is_other_address(settings->upstreams, i) && place-- == 0)
            return &settings->upstreams->servers[i];
    return NULL;
}

void export_comment_services(const struct export *export) {
    const struct server_list *upstreams = export->config->general.upstreams;
    const char *lead = "# On a host with IPv6 alone, the upstreams are:";
    for (size_t i = 0; i < upstreams->count; i++) {
        if (!is_other_address(upstreams, i))
            continue;
        char *server = describe_server(&upstreams->servers[i]);
        printf("%s %s", lead, server);
        free(server);
        lead = "";
    }
    if (lead[0] == '\0')
        putchar('\n');
}

/* Any label may exist below a name. This label is unlikely to have a rule of its own. */
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
