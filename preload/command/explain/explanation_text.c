#include "originbypass/command/explain/explanation_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/style.h"
#include "originbypass/command/base/table.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/local_files.h"
#include "originbypass/command/dns/native.h"
#include "originbypass/rules/policy.h"

static const char *const TYPE_NAMES[RECORD_TYPE_COUNT] = {"A", "AAAA"};

static void print_styled(enum style style, const char *text) {
    fputs(style_begin(stdout, style), stdout);
    text_print(stdout, text);
    fputs(style_end(stdout, style), stdout);
}

/* Frees the text. */
static void print_line(const char *label, enum style style, char *text) {
    printf("  %-9s ", label);
    print_styled(style, text);
    putchar('\n');
    free(text);
}

static void add_own_cell(struct table *table, enum style style, char *text) {
    table_add(table, style, text);
    free(text);
}

/* ---- what each upstream said: a row per address; the first row has what is the same for all ---- */

struct row {
    struct table *table;
    char *server;
    const char *type;
    const struct ask_reply *reply;
    bool is_first;
};

static void begin_row(struct row *row) {
    const struct answer *answer = row->reply->answer;
    table_add(row->table, STYLE_PLAIN, row->server);
    table_add(row->table, STYLE_PLAIN, row->is_first ? row->type : "");
    add_own_cell(row->table, STYLE_PLAIN,
                 row->is_first ? text_format("%" PRIu64 ".%03" PRIu64, row->reply->round_trip_us / 1000,
                                             row->reply->round_trip_us % 1000)
                               : memory_text(""));
    add_own_cell(row->table, STYLE_PLAIN,
                 row->is_first && answer != NULL ? text_format("%" PRIu32, answer->ttl_s) : memory_text(""));
    row->server[0] = '\0';
    row->is_first = false;
}

static char *chain_text(const struct answer *answer) {
    char *chain = memory_text("CNAME ");
    const char *name = answer_first_name(answer);
    for (size_t i = 0; i < answer->name_count; i++, name += strlen(name) + 1) {
        char *longer = text_format("%s%s%s", chain, i > 0 ? " -> " : "", name);
        free(chain);
        chain = longer;
    }
    return chain;
}

static void add_address_row(struct row *row, const struct host_settings *settings, const struct address *address) {
    const struct prefix_entry *rejected = policy_rejection(settings, address);
    const char *edge = policy_edge(settings, address);
    char *text = describe_address(address), *prefix = rejected == NULL ? NULL : describe_prefix(rejected);
    begin_row(row);
    if (prefix != NULL)
        add_own_cell(row->table, STYLE_NOTE, text_format("%s, rejected by %s", text, prefix));
    else if (edge != NULL)
        add_own_cell(row->table, STYLE_BAD, text_format("%s, an edge of %s", text, edge));
    else
        table_add(row->table, STYLE_GOOD, text);
    free(prefix);
    free(text);
}

static void add_reply_rows(struct row *row, const struct host_settings *settings) {
    const struct answer *answer = row->reply->answer;
    if (answer != NULL && answer->name_count > 0) {
        begin_row(row);
        add_own_cell(row->table, STYLE_PLAIN, chain_text(answer));
    }
    for (size_t i = 0; answer != NULL && i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        add_address_row(row, settings, &address);
    }
    if (answer != NULL && answer->address_count > 0)
        return;
    begin_row(row);
    add_own_cell(row->table, answer == NULL ? STYLE_BAD : STYLE_PLAIN, ask_text(row->reply));
}

static void add_left_out_row(struct table *table, const struct explained_upstream *upstream, const char *server) {
    table_add(table, STYLE_PLAIN, server);
    for (int i = 0; i < 3; i++)
        table_add(table, STYLE_PLAIN, "");
    add_own_cell(table, STYLE_NOTE, text_format("not asked: %s", upstream->left_out));
}

static void print_upstreams(const struct explained_upstream *upstreams, size_t count,
                            const struct host_settings *settings) {
    static const char *const headings[] = {"    upstream", "type", "ms", "TTL", "answer"};
    struct table *table = table_new(5, headings);
    for (size_t i = 0; i < count; i++) {
        char *server = describe_server(upstreams[i].server);
        const char *mark = local_files_name(upstreams[i].server) ? " (libc's, too)" : "";
        struct row row = {.table = table, .server = text_format("    %s%s", server, mark)};
        if (upstreams[i].left_out != NULL)
            add_left_out_row(table, &upstreams[i], row.server);
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
            row.reply = &upstreams[i].replies.types[type];
            row.type = TYPE_NAMES[type];
            row.is_first = true;
            if (row.reply->asked)
                add_reply_rows(&row, settings);
        }
        free(row.server);
        free(server);
    }
    table_print(table, stdout);
    table_free(table);
}

/* ---- */

static void print_rule(const struct explanation *explanation) {
    const struct host_rule *rule = explanation->host.rule;
    const char *why_libc = explanation_why_libc(explanation);
    if (rule != NULL) {
        char *text = describe_rule(rule), *place = describe_place(explanation->config, rule);
        print_line("rule", STYLE_PLAIN, text_format("%s  (%s)", text, place));
        free(place);
        free(text);
    }
    if (why_libc != NULL)
        print_line("way", STYLE_PLAIN, text_format("libc: %s", why_libc));
    else
        print_line("way", STYLE_PLAIN, describe_way(rule, &explanation->config->general));
}

static void print_when(const struct explanation *explanation) {
    const struct host_settings *settings = explanation->host.settings;
    const struct address *edge = explanation->libc_edge;
    if (settings == NULL || settings->when != WHEN_EDGE)
        return;
    if (explanation->libc_edge_set == NULL) {
        print_line("when", STYLE_PLAIN, memory_text("libc says no edge: external DNS is not asked"));
        return;
    }
    char *text = describe_address(edge);
    print_line("when", STYLE_PLAIN,
               text_format("libc says an edge (%s, %s): external DNS is asked", text, explanation->libc_edge_set));
    free(text);
}

static char *addresses_text(const struct resolution *resolution) {
    char *all = memory_text("");
    for (size_t i = 0; i < resolution->count; i++) {
        char *address = describe_address(&resolution->addresses[i]);
        char *longer = text_format("%s%s%s", all, i > 0 ? ", " : "", address);
        free(address);
        free(all);
        all = longer;
    }
    return all;
}

static void print_native(const struct explanation *explanation) {
    const struct resolution *native = &explanation->native;
    static bool is_told; /* once is enough for a report */
    const char *substitute = is_told ? NULL : native_substitute();
    print_line("libc", STYLE_PLAIN, native->error != NULL ? memory_text(native->error) : addresses_text(native));
    if (substitute != NULL)
        print_line("", STYLE_NOTE, memory_text(substitute));
    is_told = true;
}

static bool uses_rejected(const struct explanation *explanation) {
    const struct resolution *found = &explanation->found;
    const struct host_settings *settings = explanation->host.settings;
    return settings != NULL && found->source != BY_CONFIGURATION && found->count > 0 &&
           policy_rejection(settings, &found->addresses[0]) != NULL;
}

static char *from_text(const struct explanation *explanation) {
    const struct resolution *found = &explanation->found;
    const char *from = resolution_source_text(found->source);
    if (found->source == BY_NOBODY)
        return memory_text("from nobody: external DNS has no usable answer, and fallback = \"never\"");
    if (found->source == BY_FALLBACK && found->error != NULL && explanation->native.error == NULL)
        return text_format("from %s, whose addresses the host may not use either", from);
    if (uses_rejected(explanation))
        return text_format("from %s; rejected, but there is no other", from);
    if (found->source == BY_LIBC && explanation->libc_edge_set != NULL)
        return text_format("from %s: external DNS has no other address than edges", from);
    if (found->kept_s == 0)
        return text_format("from %s", from);
    if (explanation->host.settings->cache.mode == CACHE_PINNED)
        return text_format("from %s, kept for good", from);
    return text_format("from %s, kept for %" PRIu32 " s", from, found->kept_s);
}

static void print_found(const struct explanation *explanation) {
    const struct resolution *found = &explanation->found;
    char *what = found->error != NULL ? memory_text(found->error) : addresses_text(found);
    char *from = from_text(explanation);
    print_line("program", found->error != NULL ? STYLE_BAD : STYLE_GOOD, text_format("%s  (%s)", what, from));
    free(from);
    free(what);
}

static void print_translated(const struct resolution *found) {
    for (size_t i = 0; i < found->count; i++) {
        struct address original;
        struct nat64_prefix prefix;
        char prefix_words[NAT64_PREFIX_TEXT_SIZE];
        if (!resolution_is_translated(found, i, &original, &prefix))
            continue;
        char *text = describe_address(&found->addresses[i]), *ipv4 = describe_address(&original);
        nat64_prefix_text(&prefix, prefix_words);
        print_line("DNS64", STYLE_PLAIN,
                   text_format("%s is synthesised from %s, with the network's prefix %s", text, ipv4, prefix_words));
        free(ipv4);
        free(text);
    }
}

/* What to do about an edge. The caller frees the text. */
static char *edge_advice(const struct explanation *explanation) {
    const struct server_address *leading = explanation_leading(explanation);
    if (explanation_needs_a_way_out(explanation))
        return memory_text("Tell for this host where the origin is:");
    if (explanation->host.settings == NULL)
        return memory_text("External DNS is not asked for this host.");
    if (leading == NULL)
        return memory_text("External DNS has not answered: see above.");
    char *server = describe_server(leading);
    char *advice = text_format("%s says an origin: take the upstreams out that do not.", server);
    free(server);
    return advice;
}

static void print_edge_warning(const struct explanation *explanation) {
    const struct address *address;
    const char *set = explanation_edge(explanation, &address);
    if (set == NULL)
        return;
    bool shows_ways_out = explanation_needs_a_way_out(explanation);
    char *advice = edge_advice(explanation);
    char *text = describe_address(address);
    print_line("warning", STYLE_BAD,
               text_format("%s is an edge of the CDN (%s), and no origin. %s", text, set, advice));
    for (size_t i = 0; i < EXPLANATION_WAYS_OUT && shows_ways_out; i++)
        printf("              %-10s %s\n", explanation_ways_out[i][0], explanation_ways_out[i][1]);
    free(advice);
    free(text);
}

void explanation_print(const struct explanation *explanation) {
    print_styled(STYLE_HEAD, explanation->host.host);
    putchar('\n');
    print_rule(explanation);
    print_when(explanation);
    if (explanation->upstream_count > 0) {
        print_line("asked for", STYLE_PLAIN, memory_text(explanation_asked_name(explanation)));
        print_upstreams(explanation->upstreams, explanation->upstream_count, explanation->host.settings);
    }
    if (explanation->target_upstream_count > 0) {
        print_line("alias of", STYLE_PLAIN,
                   text_format("%s, which the general upstreams are asked for", explanation->target));
        print_upstreams(explanation->target_upstreams, explanation->target_upstream_count, explanation->host.settings);
    }
    print_found(explanation);
    print_translated(&explanation->found);
    print_native(explanation);
    print_edge_warning(explanation);
}
