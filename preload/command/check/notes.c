#include "originbypass/command/check/notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/log_file.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/reload_file.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/counters_place.h"
#include "originbypass/rules/policy.h"
#include "originbypass/rules/rules.h"

/* The review of a configuration. */
struct review {
    const struct config *config;
    struct rules *wide;          /* only the rules that match more than one name */
    const struct host_rule *all; /* `*`, if any */
    struct notes notes;
};

static void write_note(struct review *review, const struct host_rule *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void write_note(struct review *review, const struct host_rule *rule, const char *format, ...) {
    struct notes *notes = &review->notes;
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    memory_checked(vasprintf(&text, format, arguments) < 0 ? NULL : text);
    va_end(arguments);
    notes->list = memory_resize(notes->list, notes->count + 1, sizeof(notes->list[0]));
    notes->list[notes->count++] = (struct note){rule, text};
}

/*
 * An example of the names that a rule matches: the name itself; for `*.name`, a name below it. False: the rule is `*`,
 * or there is no room for a name below.
 */
static bool example_of(const struct host_rule *rule, struct name *name) {
    if (rule->kind == RULE_ALL)
        return false;
    char *text = text_format("%s%s", rule->kind == RULE_BELOW ? "x." : "", rule->name);
    bool folded = name_fold(name, text);
    free(text);
    return folded;
}

/*
 * The rule that would decide on the same names if this one did not exist. For `*.name`, it decides on nearly all of
 * them.
 */
static const struct host_rule *rule_behind(const struct review *review, const struct host_rule *rule) {
    struct name name, example;
    if (!example_of(rule, &example) || !name_fold(&name, rule->name))
        return NULL;
    /* "*.name" does not match the name itself, so this finds the next rule. */
    const struct host_rule *behind = rules_match(review->wide, &name);
    return behind == NULL && !rules_stays_at_home(&example) ? review->all : behind;
}

static void note_what_changes_nothing(struct review *review, const struct host_rule *rule) {
    const struct host_rule *behind = rule_behind(review, rule);
    if (rule->excluded && (behind == NULL || behind->excluded)) {
        write_note(review, rule, "excludes what no other rule lists: libc answers anyway");
        return;
    }
    if (behind == NULL || behind->excluded || rule->excluded || behind->settings != rule->settings)
        return;
    char *text = describe_rule(behind), *place = describe_place(review->config, behind);
    write_note(review, rule, "changes nothing: \"%s\" (%s) says the same of it", text, place);
    free(place);
    free(text);
}

static void note_local_names(struct review *review, const struct host_rule *rule) {
    struct name name;
    if (rule->excluded || !example_of(rule, &name) || !rules_stays_at_home(&name))
        return;
    if (rule->kind == RULE_NAME && rule->settings->pinned_ipv4 != NULL)
        return;
    write_note(review, rule,
               "is a name of the local network, which \"*\" leaves to libc: external DNS is asked for it "
               "nevertheless, and search domains do not apply");
}

static void note_all_without_fallback(struct review *review, const struct host_rule *rule) {
    if (rule->kind == RULE_ALL && !rule->excluded && rule->settings->fallback_never &&
        rule->settings->when == WHEN_ALWAYS)
        write_note(review, rule,
                   "with fallback = \"never\": names that only the local DNS knows can no longer be resolved");
}

static void note_pinned_address(struct review *review, const struct host_rule *rule, const struct address *address) {
    const char *edge = policy_edge(rule->settings, address);
    char *text = describe_address(address);
    if (!policy_has_family(rule->settings, address->family))
        write_note(review, rule, "never has its address %s: family is \"%s\"", text,
                   describe_family(rule->settings->family));
    else if (edge != NULL)
        write_note(review, rule, "has the address %s, which is an edge of the CDN (%s), and no origin", text, edge);
    free(text);
}

static void note_pinned(struct review *review, const struct host_rule *rule) {
    const struct answer *answers[] = {rule->settings->pinned_ipv4, rule->settings->pinned_ipv6};
    for (size_t type = 0; type < RECORD_TYPE_COUNT && !rule->excluded; type++)
        for (size_t i = 0; answers[type] != NULL && i < answers[type]->address_count; i++) {
            struct address address = answer_address(answers[type], i);
            note_pinned_address(review, rule, &address);
        }
}

static void note_log_file(struct review *review) {
    const struct config *config = review->config;
    const char *fault = config->log_level == LOG_LEVEL_NONE ? NULL : log_file_fault(config->log_file);
    if (fault != NULL)
        write_note(review, NULL, "messages to %s are lost, for a program of this user: %s", config->log_file, fault);
}

/* A full disk counts, too: a process makes its file once, at its first lookup. */
static void note_counters(struct review *review) {
    const char *directory = review->config->metrics_directory;
    const char *fault = directory == NULL ? NULL : counters_place_fault(directory);
    if (fault != NULL)
        write_note(review, NULL, "there are no counters in %s, for a program of this user: %s", directory, fault);
}

enum { PORT_DNS_OVER_TLS = 853 };

/* `2001:db8::8888:53` is an address, and was perhaps meant as one with a port. Its last group has the digits of it. */
static bool looks_like_a_port(const struct server_address *server) {
    const uint8_t *octets = server->address.octets;
    unsigned last = (unsigned)octets[14] << 8 | octets[15];
    return server->address.family == AF_INET6 && (last == 0x53 || last == 0x853 || last == 0x5353);
}

static void note_ports(struct review *review, const struct host_rule *rule, const struct server_list *servers) {
    for (size_t i = 0; i < servers->count; i++) {
        char text[SERVER_ADDRESS_TEXT_SIZE];
        server_address_text(&servers->servers[i], text);
        if (servers->servers[i].port == PORT_DNS_OVER_TLS)
            write_note(review, rule,
                       "the upstream %s: port 853 is for DNS over TLS, which the library does not speak; leave it out",
                       text);
        if (looks_like_a_port(&servers->servers[i]))
            write_note(review, rule,
                       "the upstream %s is taken as an address without a port: for an IPv6 address with a port, write "
                       "[ADDRESS]:PORT",
                       text);
    }
}

static void note_file(struct review *review) {
    const char *file = review->config->file, *fault = file == NULL ? NULL : reload_file_fault(file);
    if (fault != NULL)
        write_note(review, NULL, "programs that run already do not accept this file: %s", fault);
}

static void note_general(struct review *review) {
    const struct query_settings *query = &review->config->general.query;
    if (review->config->rule_count == 0)
        write_note(review, NULL, "no host is listed: every call is libc's");
    if (review->config->replaced_count > 0)
        write_note(review, NULL,
                   "its host rules (%zu) and their settings have no effect: ORIGIN_BYPASS_HOSTS replaces them",
                   review->config->replaced_count);
    if (query->timeout_ms > query->deadline_ms)
        write_note(review, NULL, "query.timeout_ms (%" PRIu32 ") is never reached: query.deadline_ms is %" PRIu32,
                   query->timeout_ms, query->deadline_ms);
}

static struct rules *wide_rules(const struct config *config, struct config *wide, struct host_rule *list) {
    *wide = *config;
    wide->rules = list;
    wide->rule_count = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].kind != RULE_NAME)
            list[wide->rule_count++] = config->rules[i];
    return memory_checked(rules_build(wide));
}

static const struct host_rule *find_all(const struct config *config) {
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].kind == RULE_ALL)
            return &config->rules[i];
    return NULL;
}

struct notes notes_collect(const struct config *config) {
    struct config wide;
    struct host_rule *list = memory_zeroed(config->rule_count, sizeof(*list));
    struct review review = {.config = config, .wide = wide_rules(config, &wide, list)};
    note_general(&review);
    note_file(&review);
    note_log_file(&review);
    note_counters(&review);
    note_ports(&review, NULL, config->general.upstreams);
    review.all = find_all(config);
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct host_rule *rule = &config->rules[i];
        note_what_changes_nothing(&review, rule);
        note_local_names(&review, rule);
        note_all_without_fallback(&review, rule);
        note_pinned(&review, rule);
        if (rule->settings->upstreams != config->general.upstreams)
            note_ports(&review, rule, rule->settings->upstreams);
    }
    rules_free(review.wide);
    free(list);
    return review.notes;
}

void notes_free(struct notes *notes) {
    for (size_t i = 0; i < notes->count; i++)
        free(notes->list[i].text);
    free(notes->list);
    *notes = (struct notes){0};
}
