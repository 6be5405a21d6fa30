#include "originbypass/config/compare.h"

#include <string.h>

static bool is_text_equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool are_same_servers(const struct server_list *a, const struct server_list *b) {
    if (a == NULL || b == NULL || a->count != b->count)
        return a == b;
    for (size_t i = 0; i < a->count; i++)
        if (!server_address_equal(&a->servers[i], &b->servers[i]))
            return false;
    return true;
}

static bool is_same_answer(const struct answer *a, const struct answer *b) {
    return a == b || (a != NULL && b != NULL && a->size == b->size && memcmp(a, b, a->size) == 0);
}

/* An empty list is as good as none. */
static bool are_same_prefixes(const struct prefix_list *a, const struct prefix_list *b) {
    size_t a_count = a == NULL ? 0 : a->count, b_count = b == NULL ? 0 : b->count;
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count && a != b; i++)
        if (a->entries[i].length != b->entries[i].length ||
            !address_equal(&a->entries[i].address, &b->entries[i].address) ||
            (a->entries[i].set == NULL) != (b->entries[i].set == NULL))
            return false;
    return true;
}

static bool is_same_query(const struct query_settings *a, const struct query_settings *b) {
    return a->timeout_ms == b->timeout_ms && a->hedge_ms == b->hedge_ms && a->deadline_ms == b->deadline_ms;
}

static bool is_same_cache(const struct cache_settings *a, const struct cache_settings *b) {
    return a->mode == b->mode && a->stale_window_s == b->stale_window_s && a->stale_wait_ms == b->stale_wait_ms &&
           a->min_ttl_s == b->min_ttl_s && a->max_ttl_s == b->max_ttl_s && a->negative_ttl_s == b->negative_ttl_s;
}

bool config_compare_equal(const struct host_settings *a, const struct host_settings *b) {
    return is_text_equal(a->query_name, b->query_name) && are_same_servers(a->upstreams, b->upstreams) &&
           are_same_servers(a->others, b->others) && is_same_answer(a->pinned_ipv4, b->pinned_ipv4) &&
           is_same_answer(a->pinned_ipv6, b->pinned_ipv6) && are_same_prefixes(a->reject, b->reject) &&
           are_same_prefixes(a->accept, b->accept) && are_same_prefixes(a->edges, b->edges) && a->strict == b->strict &&
           a->fallback_never == b->fallback_never && a->family == b->family && a->when == b->when &&
           is_same_query(&a->query, &b->query) && is_same_cache(&a->cache, &b->cache);
}
