#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/doors/addrinfo.h"
#include "originbypass/doors/door.h"
#include "originbypass/doors/expansion.h"
#include "originbypass/doors/fallback.h"
#include "originbypass/doors/getaddrinfo.h"
#include "originbypass/doors/idn.h"
#include "originbypass/doors/load.h"
#include "originbypass/doors/musl_answer.h"
#include "originbypass/doors/netdb_names.h"
#include "originbypass/doors/repeat.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/musl.h"
#include "originbypass/guest/process.h"
#include "originbypass/guest/stack.h"
#include "originbypass/lookup/lookup.h"
#include "originbypass/lookup/lookup_order.h"
#include "originbypass/order/order.h"

/* One call, for a name that is ours. */
struct addrinfo_call {
    struct lookup *lookup;
    int flags;
    bool mapped; /* IPv4 addresses are wanted as IPv6 ones (AI_V4MAPPED) */
    const struct expansion *expansion;
};

/* Flags about names, which have no meaning without a name. musl has them all, except for those about IDN. */
#define FLAGS_ABOUT_IDN (AI_CANONIDN | AI_IDN)
#define FLAGS_ABOUT_NAMES (AI_CANONNAME | AI_V4MAPPED | AI_ALL)

static int without_flags_about_names(int flags) {
    return flags & ~(libc_is_musl() ? FLAGS_ABOUT_NAMES : FLAGS_ABOUT_NAMES | FLAGS_ABOUT_IDN);
}

/* As glibc has it. */
static bool is_no_service(const char *service) {
    return service == NULL || strcmp(service, "*") == 0;
}

static void remember_expansion(const char *service, const struct addrinfo *hints, uint64_t now_ms,
                               struct expansion *expansion) {
    struct process_section section;
    process_section_begin(&section);
    process_adopt_copy();
    expansion_remember(service, hints, now_ms, expansion);
    process_section_end(&section);
}

/* libc's own list of families, socket types, protocols and ports for the service, or its own error. */
static int expand(const char *service, const struct addrinfo *hints, uint64_t now_ms, struct expansion *expansion) {
    struct addrinfo less;
    if (hints != NULL) {
        less = *hints;
        less.ai_flags = without_flags_about_names(less.ai_flags);
        hints = &less;
    }
    /* To glibc, a call with neither a name nor a service is an error. One with an empty service is not. */
    if (!libc_is_musl() && is_no_service(service))
        service = "";
    if (expansion_recall(service, hints, now_ms, expansion))
        return 0;
    int error = expansion_ask(service, hints, expansion);
    if (error == 0)
        remember_expansion(service, hints, now_ms, expansion);
    return error;
}

static bool has_family(const struct expansion *expansion, int family) {
    for (uint32_t i = 0; i < expansion->count; i++)
        if (expansion->nodes[i].family == family)
            return true;
    return false;
}

static int error_code_of(const struct addrinfo_call *call) {
    const struct lookup *lookup = call->lookup;
    if (libc_is_musl())
        return musl_error(lookup);
    /* For only an A record without its canonical name, libc takes another path, and reports less. */
    bool tells_less = lookup->wanted == RECORD_A && !(call->flags & AI_CANONNAME);
    if (lookup->no_recovery || lookup_has(lookup, OUTCOME_NO_NAME) ||
        (lookup_has(lookup, OUTCOME_DANGLING) && !tells_less))
        return EAI_NONAME;
    if (lookup_has(lookup, OUTCOME_NO_RECORD) || lookup_has(lookup, OUTCOME_DANGLING))
        return EAI_NODATA;
    return EAI_AGAIN;
}

static bool any_addresses(const struct answer *answer) {
    return answer != NULL && answer->address_count > 0;
}

static void map_to_ipv6(struct address *address) {
    struct in_addr ipv4 = address->ipv4;
    *address = (struct address){.family = AF_INET6};
    address->octets[10] = address->octets[11] = 0xff;
    memcpy(address->octets + 12, &ipv4, sizeof(ipv4));
}

static size_t list_ipv6(const struct addrinfo_call *call, struct address *addresses) {
    const struct answer *ipv6 = call->lookup->answers[1];
    size_t count = 0;
    for (size_t i = 0; any_addresses(ipv6) && i < ipv6->address_count; i++) {
        addresses[count] = answer_address(ipv6, i);
        /* glibc drops mapped addresses that come from DNS, except with AI_ALL. */
        if (!IN6_IS_ADDR_V4MAPPED(&addresses[count].ipv6) || call->flags & AI_ALL || libc_is_musl())
            count++;
    }
    return count;
}

static size_t list_ipv4_as_mapped(const struct addrinfo_call *call, struct address *addresses) {
    const struct answer *ipv4 = call->lookup->answers[0];
    size_t count = 0;
    for (; any_addresses(ipv4) && count < ipv4->address_count; count++) {
        addresses[count] = answer_address(ipv4, count);
        map_to_ipv6(&addresses[count]);
    }
    return count;
}

/* Equals stay in the order in which they are listed. */
static bool lists_ipv4_first(void) {
    return libc_is_musl() && !musl_tells_no_data();
}

/* List AAAA's addresses; with AI_ALL, or if there are none, also A's addresses as mapped ones. Returns their number. */
static size_t list_mapped(const struct addrinfo_call *call, struct address *addresses) {
    if (any_addresses(call->lookup->answers[1]) && !(call->flags & AI_ALL))
        return list_ipv6(call, addresses);
    if (lists_ipv4_first()) {
        size_t count = list_ipv4_as_mapped(call, addresses);
        return count + list_ipv6(call, addresses + count);
    }
    size_t count = list_ipv6(call, addresses);
    return count + list_ipv4_as_mapped(call, addresses + count);
}

static void reorder(struct address *addresses, size_t count, const uint16_t *order, struct address *unordered) {
    memcpy(unordered, addresses, count * sizeof(*addresses));
    for (size_t i = 0; i < count; i++)
        addresses[i] = unordered[order[i]];
}

/*
 * List the addresses in libc's order. There must be memory for twice `count` addresses, and for `count` places. Returns
 * their number.
 */
static size_t list_in_order(const struct addrinfo_call *call, struct address *addresses, size_t count,
                            uint16_t *places) {
    if (call->mapped) {
        count = list_mapped(call, addresses);
        if (count > 1) {
            order_addresses(addresses, count, places);
            reorder(addresses, count, places, addresses + count);
        }
        return count;
    }
    lookup_order(call->lookup, places);
    for (size_t i = 0; i < count; i++)
        addresses[i] = answer_address(call->lookup->answers[ORDER_TYPE(places[i])], ORDER_POSITION(places[i]));
    return count;
}

/* Without a CNAME it is the caller's spelling without the final dot. `spelling` has room for it. NULL: not wanted. */
static const char *canonical_name(const struct addrinfo_call *call, char spelling[static NAME_LENGTH_MAX + 1]) {
    const struct answer *const *answers = call->lookup->answers;
    const struct answer *preferred = call->mapped ? answers[1] : answers[0];
    const struct answer *other = call->mapped ? answers[0] : answers[1];
    const struct answer *answer = any_addresses(preferred) ? preferred : other;
    if (libc_is_musl())
        return musl_canonical_name(call->lookup, spelling);
    if (!(call->flags & AI_CANONNAME))
        return NULL;
    if (answer_canonical_name(answer) != NULL)
        return answer_canonical_name(answer);
    memcpy(spelling, call->lookup->host, call->lookup->name.length);
    spelling[call->lookup->name.length] = '\0';
    return spelling;
}

/* The name as libc shows it to a caller that asks for AI_CANONIDN. NULL: unchanged. */
static char *shown_name(const struct addrinfo_call *call, const char *canonical) {
#ifdef AI_CANONIDN
    if (canonical != NULL && call->flags & AI_CANONIDN)
        return idn_shown(canonical);
#endif
    (void)call;
    (void)canonical;
    return NULL;
}

/* A few addresses need no memory of their own. */
#define ADDRESSES_ON_STACK 8

static int build_list(const struct addrinfo_call *call, size_t count, struct addrinfo **list) {
    struct address few[2 * ADDRESSES_ON_STACK], *addresses = few;
    uint16_t few_places[ADDRESSES_ON_STACK], *places = few_places;
    int error = EAI_MEMORY;
    if (count > ADDRESSES_ON_STACK) {
        addresses = malloc(2 * count * sizeof(*addresses));
        places = malloc(count * sizeof(*places));
    }
    if (addresses != NULL && places != NULL) {
        char spelling[NAME_LENGTH_MAX + 1];
        const char *canonical = canonical_name(call, spelling);
        char *shown = shown_name(call, canonical);
        count = list_in_order(call, addresses, count, places);
        error = addrinfo_build(addresses, count, call->expansion, call->flags, shown != NULL ? shown : canonical, list);
        free(shown);
    }
    if (addresses != few)
        free(addresses);
    if (places != few_places)
        free(places);
    return error;
}

/* False: libc should answer. */
static bool answer_call(struct addrinfo_call *call, struct addrinfo **list, int *error) {
    bool ipv4 = has_family(call->expansion, AF_INET), ipv6 = has_family(call->expansion, AF_INET6);
    call->mapped = !ipv4 && (call->flags & AI_V4MAPPED);
    enum record_types wanted = (ipv4 || call->mapped ? RECORD_A : 0) | (ipv6 ? RECORD_AAAA : 0);
    if (lookup_finish(call->lookup, wanted) != LOOKUP_ANSWERED)
        return false;
    size_t count = lookup_address_count(call->lookup);
    *error = count > 0 ? build_list(call, count, list) : error_code_of(call);
    return true;
}

/* A thread that is cancelled here while libc waits releases what the lookup holds. */
static int ask_libc_for_list(const struct addrinfo_call *call, const char *node, const char *service,
                             const struct addrinfo *hints, struct addrinfo **list) {
    struct process_rest before;
    lookup_expose(call->lookup, &before);
    int error = libc_getaddrinfo(node, service, hints, list), libc_errno = errno;
    process_cover(&before);
    errno = libc_errno;
    return error;
}

/* libc's answer, as far as the name's policy lets it be used; errno is libc's. */
static int fall_back_to_list(struct addrinfo_call *call, const char *node, const char *service,
                             const struct addrinfo *hints, struct addrinfo **list) {
    int error = ask_libc_for_list(call, node, service, hints, list), libc_errno = errno;
    if (call->lookup->settings == NULL)
        return error;
    if (error == 0)
        error = fallback_addrinfo(call->lookup, list);
    else if (fallback_to_rejected(call->lookup))
        error = build_list(call, lookup_address_count(call->lookup), list);
    errno = libc_errno;
    return error;
}

/*
 * As musl from 1.2.4 on, if AI_ADDRCONFIG has left no family: it asks for the other one, and says NODATA if there are
 * addresses.
 */
static int resolve_without_family(struct lookup *lookup, const char *service, const struct addrinfo *hints,
                                  struct addrinfo **list) {
    const struct addrinfo_call call = {.lookup = lookup};
    bool asks_ipv6 = hints != NULL && hints->ai_family == AF_INET;
    if (lookup_finish(lookup, asks_ipv6 ? RECORD_AAAA : RECORD_A) != LOOKUP_ANSWERED)
        return ask_libc_for_list(&call, lookup->host, service, hints, list);
    return lookup_address_count(lookup) > 0 ? EAI_NODATA : musl_error(lookup);
}

/* The list is kept if the call may be repeated (`repeat` is not NULL) and it is from the cache. */
static void keep_list(struct lookup *lookup, const struct expansion *expansion, const struct addrinfo *list,
                      struct cache_list *repeat) {
    if (repeat == NULL || !repeat_store(repeat, list))
        return;
    repeat->until_ms = expansion->until_ms;
    repeat_keep(lookup, repeat);
}

/* As getaddrinfo(3), for a name that is ours. `repeat` is NULL for a call whose list is not kept. */
static int resolve_name(struct lookup *lookup, const char *service, const struct addrinfo *hints,
                        struct cache_list *repeat, struct addrinfo **list) {
    struct expansion expansion;
    int saved = errno, error = expand(service, hints, lookup->now_ms, &expansion);
    if (error == EAI_NODATA && libc_is_musl())
        return resolve_without_family(lookup, service, hints, list);
    if (error != 0)
        return error;
    struct addrinfo_call call = {
        .lookup = lookup, .flags = hints != NULL ? hints->ai_flags : expansion.flags, .expansion = &expansion};
    bool answered = answer_call(&call, list, &error);
    if (answered && error == 0)
        keep_list(lookup, &expansion, *list, repeat);
    errno = saved;
    return answered ? error : fall_back_to_list(&call, lookup->host, service, hints, list);
}

/*
 * For a name that is ours only if libc leads to an edge, as it does with `*list`: put external DNS's answer in its
 * place. Where there is none, the list stays as it is.
 */
static int replace_edges(struct lookup *lookup, const char *service, const struct addrinfo *hints,
                         struct cache_list *repeat, struct addrinfo **list) {
    struct addrinfo *ours = NULL;
    struct expansion expansion;
    int saved = errno, error = 0;
    if (expand(service, hints, lookup->now_ms, &expansion) == 0) {
        struct addrinfo_call call = {
            .lookup = lookup, .flags = hints != NULL ? hints->ai_flags : expansion.flags, .expansion = &expansion};
        if (answer_call(&call, &ours, &error)) {
            freeaddrinfo(*list);
            *list = ours;
            if (error == 0)
                keep_list(lookup, &expansion, ours, repeat);
        }
    }
    errno = saved;
    return error;
}

/* As getaddrinfo(3), for a name that is ours only if libc leads to an edge. */
static int ask_libc_first(struct lookup *lookup, const char *service, const struct addrinfo *hints,
                          struct cache_list *repeat, struct addrinfo **list) {
    const struct addrinfo_call call = {.lookup = lookup};
    struct address edge;
    int error = ask_libc_for_list(&call, lookup->host, service, hints, list);
    if ((error == EAI_AGAIN || error == EAI_FAIL) && lookup_outlives_libc(lookup))
        return resolve_name(lookup, service, hints, repeat, list);
    bool found = error == 0 && fallback_addrinfo_has_edge(lookup, *list, &edge);
    return lookup_leads_to_edge(lookup, found, &edge) ? replace_edges(lookup, service, hints, repeat, list) : error;
}

/*
 * False: libc should answer, because the name is not ours. `keeps_lists`: the list of a call that is repeated is kept;
 * it is a constant.
 */
static inline __attribute__((always_inline)) bool answer_name(const char *node, const char *service,
                                                              const struct addrinfo *hints, struct addrinfo **list,
                                                              bool keeps_lists, int *error) {
    struct lookup lookup;
    struct cache_list repeat;
    if (node == NULL || (hints != NULL && hints->ai_flags & AI_NUMERICHOST) || !load_ensure() ||
        !lookup_open(&lookup, node))
        return false;
    bool repeats = keeps_lists && repeat_make_key(&repeat, is_no_service(service) ? "" : service, hints);
    if (repeats && lookup_recall_list(&lookup, &repeat)) {
        *error = repeat_build(&repeat, list);
        return true;
    }
    if (!lookup_begin(&lookup))
        return false;
    *error = (lookup_asks_libc_first(&lookup) ? ask_libc_first : resolve_name)(&lookup, service, hints,
                                                                               repeats ? &repeat : NULL, list);
    lookup_end(&lookup);
    return true;
}

/* What a call on musl gives and gets, as seen from another stack. musl's lists have names, so none is kept. */
struct musl_call {
    const char *node, *service;
    const struct addrinfo *hints;
    struct addrinfo **list;
    bool answered;
    int error;
};

static void answer_on_musl(void *context) {
    struct musl_call *call = context;
    call->answered = answer_name(call->node, call->service, call->hints, call->list, false, &call->error);
}

static __attribute__((noinline)) int getaddrinfo_on_musl(const char *node, const char *service,
                                                         const struct addrinfo *hints, struct addrinfo **list) {
    struct musl_call call = {node, service, hints, list, false, 0};
    stack_run(answer_on_musl, &call);
    return call.answered ? call.error : libc_getaddrinfo(node, service, hints, list);
}

int own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    int error;
    if (libc_is_musl())
        return getaddrinfo_on_musl(node, service, hints, list);
    return answer_name(node, service, hints, list, true, &error) ? error : libc_getaddrinfo(node, service, hints, list);
}

DOOR int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    return own_getaddrinfo(node, service, hints, list);
}
