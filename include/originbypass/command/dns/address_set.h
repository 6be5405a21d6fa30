#ifndef ORIGINBYPASS_COMMAND_DNS_ADDRESS_SET_H
#define ORIGINBYPASS_COMMAND_DNS_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/values/address.h"
#include "originbypass/values/answer.h"

/** Addresses, each once, in their order: sets that are equal have the same list. All zeros: empty. */
struct address_set {
    size_t count;
    struct address *list;
};

void address_set_add(struct address_set *set, const struct address *address);

/** Add the addresses of an answer; NULL has none. */
void address_set_add_answer(struct address_set *set, const struct answer *answer);

bool address_set_has(const struct address_set *set, const struct address *address);
bool address_set_equal(const struct address_set *one, const struct address_set *other);

/** `203.0.113.7, 2001:db8::7`, or `no address`; of more than eight the number of the rest. The caller frees it. */
char *address_set_text(const struct address_set *set);

void address_set_free(struct address_set *set);

#endif
