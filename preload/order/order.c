#include "originbypass/order/order.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/libc_kind.h"
#include "originbypass/order/gai_conf.h"
#include "originbypass/order/interfaces.h"
#include "originbypass/order/order_musl.h"
#include "originbypass/order/source_address.h"

/* musl has it since 1.2.3. There the order is another one, which does without. */
#pragma weak qsort_r

#define NO_INTERFACE UINT32_MAX

/* What the rules of RFC 3484, section 6, as glibc has them, compare of a destination. */
struct candidate {
    sa_family_t family;
    bool reachable; /* it has a source address; without one the next four and `common_bits` count for nothing */
    bool scope_matches;
    bool label_matches;
    bool source_deprecated;
    bool source_home;
    bool native;
    uint32_t interface; /* of the source address, or NO_INTERFACE */
    int precedence;
    int scope;
    unsigned int common_bits; /* with the source address */
};

/* A list of them while it is sorted. */
struct contest {
    struct candidate *candidates;
    size_t count;
    bool transport_known; /* `native` is filled in */
};

static struct in6_addr mapped(struct in_addr address) {
    struct in6_addr result = {{{[10] = 0xff, [11] = 0xff}}};
    memcpy(result.s6_addr + 12, &address, sizeof(address));
    return result;
}

static struct in6_addr as_ipv6(const struct address *address) {
    return address->family == AF_INET ? mapped(address->ipv4) : address->ipv6;
}

static bool is_ipv4_loopback(const struct address *address) {
    return address->family == AF_INET && address->octets[0] == 127;
}

static const struct interface_address *interface_of(const struct interface_list *interfaces,
                                                    const struct source_probe *probe, const struct address *source) {
    struct in6_addr address = as_ipv6(source);
    if (is_ipv4_loopback(source) && probe->family == AF_INET)
        address = mapped((struct in_addr){htonl(INADDR_LOOPBACK)});
    return interfaces_find(interfaces, &address);
}

static int scope_of(const struct gai_tables *tables, const struct address *address) {
    return address->family == AF_INET ? gai_tables_scope(tables, address->ipv4) : gai_tables_ipv6_scope(&address->ipv6);
}

static int label_of(const struct gai_tables *tables, const struct address *address) {
    struct in6_addr ipv6 = as_ipv6(address);
    return gai_tables_label(tables, &ipv6);
}

static unsigned int leading_bits_in_common(const struct address *left, const struct address *right) {
    size_t size = address_size(left->family);
    size_t equal = 0;
    while (equal < size && left->octets[equal] == right->octets[equal])
        equal++;
    if (equal == size)
        return 8 * (unsigned int)size;
    unsigned int difference = left->octets[equal] ^ right->octets[equal];
    return 8 * (unsigned int)equal + (unsigned int)__builtin_clz(difference << 24);
}

/*
 * IPv4 addresses have bits in common only within a network. A network of length 0, which is also that of an
 * address on no interface, contains only the address: libc shifts a word by 32 there, which changes nothing on x86 and
 * ARM.
 */
static unsigned int bits_in_common(const struct address *destination, const struct address *source,
                                   unsigned int prefix_length) {
    unsigned int bits = leading_bits_in_common(destination, source);
    unsigned int network = prefix_length == 0 ? 32 : prefix_length;
    return destination->family == AF_INET6 || bits >= network ? bits : 0;
}

static void describe_source(struct candidate *candidate, const struct address *address, const struct address *source,
                            const struct interface_address *interface, const struct gai_tables *tables) {
    candidate->reachable = true;
    candidate->scope_matches = candidate->scope == scope_of(tables, source);
    candidate->label_matches = label_of(tables, address) == label_of(tables, source);
    candidate->common_bits = bits_in_common(address, source, interface == NULL ? 0 : interface->prefix_length);
    if (interface == NULL)
        return;
    candidate->source_deprecated = interface->deprecated;
    candidate->source_home = interface->home;
    candidate->interface = interface->index;
}

static void describe_candidate(struct candidate *candidate, const struct address *address, struct source_probe *probe,
                               const struct interface_list *interfaces, const struct gai_tables *tables) {
    struct in6_addr ipv6 = as_ipv6(address);
    *candidate = (struct candidate){
        .family = address->family,
        .interface = NO_INTERFACE,
        .precedence = gai_tables_precedence(tables, &ipv6),
        .scope = scope_of(tables, address),
    };
    struct address source;
    if (source_find(probe, address, &source))
        describe_source(candidate, address, &source, interface_of(interfaces, probe, &source), tables);
}

static void note_transport(void *context, uint32_t interface, bool native) {
    struct contest *contest = context;
    for (size_t i = 0; i < contest->count; i++)
        if (contest->candidates[i].interface == interface)
            contest->candidates[i].native = native;
}

/* The kernel is asked only where rule 7 is reached. */
static void learn_transport(struct contest *contest) {
    if (contest->transport_known)
        return;
    contest->transport_known = true;
    interfaces_transport(note_transport, contest);
}

static int prefer(bool left, bool right) {
    return right - left;
}

static int prefer_greater(int left, int right) {
    return (left < right) - (left > right);
}

/* Rules 2 to 5. */
static int compare_sources(const struct candidate *left, const struct candidate *right) {
    if (left->scope_matches != right->scope_matches)
        return prefer(left->scope_matches, right->scope_matches);
    if (left->source_deprecated != right->source_deprecated)
        return prefer(right->source_deprecated, left->source_deprecated);
    if (left->source_home != right->source_home)
        return prefer(left->source_home, right->source_home);
    return prefer(left->label_matches, right->label_matches);
}

static int compare_transport(struct contest *contest, const struct candidate *left, const struct candidate *right) {
    if (left->interface == right->interface)
        return 0;
    learn_transport(contest);
    return prefer(left->native, right->native);
}

/* Negative: the candidate at `left_position` is the better one. Each rule decides where those before it did not. */
static int compare_candidates(const void *left_position, const void *right_position, void *context) {
    struct contest *contest = context;
    uint16_t left_index = *(const uint16_t *)left_position;
    uint16_t right_index = *(const uint16_t *)right_position;
    const struct candidate *left = &contest->candidates[left_index];
    const struct candidate *right = &contest->candidates[right_index];
    int verdict = prefer(left->reachable, right->reachable);
    if (verdict == 0)
        verdict = compare_sources(left, right);
    if (verdict == 0)
        verdict = prefer_greater(left->precedence, right->precedence);
    if (verdict == 0)
        verdict = compare_transport(contest, left, right);
    if (verdict == 0)
        verdict = prefer_greater(right->scope, left->scope);
    if (verdict == 0 && left->family == right->family)
        verdict = prefer_greater((int)left->common_bits, (int)right->common_bits);
    return verdict == 0 ? prefer_greater(right_index, left_index) : verdict;
}

/* False: no descriptor for the sockets. */
static bool describe_all(struct contest *contest, const struct address *addresses,
                         const struct interface_list *interfaces) {
    const struct gai_tables *tables = gai_conf_tables();
    struct source_probe probe = SOURCE_PROBE_NEW;
    for (size_t i = 0; i < contest->count && !probe.exhausted; i++)
        describe_candidate(&contest->candidates[i], &addresses[i], &probe, interfaces, tables);
    source_end(&probe);
    return !probe.exhausted;
}

static bool describe_with_interfaces(struct contest *contest, const struct address *addresses) {
    struct interface_list interfaces;
    if (!interfaces_list(&interfaces))
        return false;
    bool described = describe_all(contest, addresses, &interfaces);
    interfaces_free(&interfaces);
    return described;
}

bool order_addresses(const struct address *addresses, size_t count, uint16_t *order) {
    if (libc_is_musl())
        return order_musl(addresses, count, order);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint16_t)i;
    if (count < 2)
        return true;
    struct contest contest = {.candidates = malloc(count * sizeof(*contest.candidates)), .count = count};
    if (contest.candidates == NULL)
        return false;
    bool described = describe_with_interfaces(&contest, addresses);
    /* libc's own sort: the rules form no proper order where families mix, and then the algorithm decides. */
    if (described)
        qsort_r(order, count, sizeof(order[0]), compare_candidates, &contest);
    free(contest.candidates);
    return described;
}
