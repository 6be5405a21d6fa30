#include "originbypass/lookup/lookup_order.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/musl.h"
#include "originbypass/guest/process.h"
#include "originbypass/order/order.h"

/* The type whose addresses libc lists first, before it orders them: equals stay in this order. */
static size_t first_type(void) {
    return libc_is_musl() && musl_tells_no_data() ? 1 : 0;
}

/* musl orders addresses only if there is an IPv6 one among them. */
static bool stays_unordered(const struct lookup *lookup) {
    const struct answer *ipv6 = lookup->answers[1];
    return libc_is_musl() && (ipv6 == NULL || ipv6->address_count == 0);
}

/* All addresses that are available for the name, wanted or not, so that one order serves every kind of call. */
static size_t list_places(const struct answer *const answers[static RECORD_TYPE_COUNT], uint16_t *places,
                          struct address *addresses) {
    size_t count = 0;
    for (size_t turn = 0; turn < RECORD_TYPE_COUNT; turn++) {
        size_t type = turn ^ first_type();
        for (size_t i = 0; answers[type] != NULL && i < answers[type]->address_count; i++) {
            if (addresses != NULL)
                addresses[count] = answer_address(answers[type], i);
            places[count++] = (uint16_t)(type << 15 | i);
        }
    }
    return count;
}

/* How long an order is kept. Finding one costs more than the rest of a hit. */
#define ORDER_KEPT_MS 1000

static void sort_addresses(struct lookup *lookup, const struct answer *const answers[static RECORD_TYPE_COUNT],
                           const size_t counts[static RECORD_TYPE_COUNT]) {
    size_t count = counts[0] + counts[1];
    size_t padded = (count * sizeof(uint16_t) + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    uint16_t *sorted = calloc(1, padded);
    uint16_t *places = malloc(2 * count * sizeof(uint16_t));
    struct address *addresses = malloc(count * sizeof(*addresses));
    if (sorted != NULL && places != NULL && addresses != NULL) {
        uint16_t *order = places + count;
        list_places(answers, places, addresses);
        bool found = order_addresses(addresses, count, order);
        for (size_t i = 0; i < count; i++)
            sorted[i] = places[order[i]];
        if (found) {
            cache_put_order(&lookup->name, sorted, counts, clock_now_ms() + ORDER_KEPT_MS);
            lookup->sorted = sorted;
            sorted = NULL;
        }
    }
    free(sorted);
    free(places);
    free(addresses);
}

/* Longer than the work takes, because it only asks the kernel. */
#define FINDING_MS 500

static void find_order(struct lookup *lookup) {
    const struct answer *answers[RECORD_TYPE_COUNT];
    struct process_section section;
    size_t counts[RECORD_TYPE_COUNT];
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        answers[type] = lookup->answers[type] != NULL ? lookup->answers[type] : lookup->copy.answers[type];
        counts[type] = answers[type] != NULL ? answers[type]->address_count : 0;
    }
    if (!process_enter(&section, clock_now_ms() + FINDING_MS))
        return;
    process_adopt_copy();
    sort_addresses(lookup, answers, counts);
    process_leave(&section);
}

/* The order that came with the answers, fresh or not. It is an order of exactly these addresses. */
static const uint16_t *order_from_cache(const struct lookup *lookup) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup->answers[type] != lookup->copy.answers[type])
            return NULL;
    return lookup->copy.order;
}

void lookup_order(struct lookup *lookup, uint16_t *places) {
    size_t count = lookup_address_count(lookup);
    if (stays_unordered(lookup)) {
        list_places(lookup->answers, places, NULL);
        return;
    }
    const uint16_t *order = order_from_cache(lookup);
    if (count > 1 && (order == NULL || lookup->copy.order_until_ms <= lookup->now_ms)) {
        find_order(lookup);
        /* If no order could be found, because there was no descriptor, the last one stays. */
        if (lookup->sorted != NULL)
            order = lookup->sorted;
    }
    if (count < 2 || order == NULL) {
        list_places(lookup->answers, places, NULL);
        return;
    }
    /* Keep only the wanted addresses of the order. */
    for (size_t i = 0, found = 0; found < count; i++)
        if (lookup->answers[ORDER_TYPE(order[i])] != NULL)
            places[found++] = order[i];
}
