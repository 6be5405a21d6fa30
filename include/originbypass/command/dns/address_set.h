#ifndef ORIGINBYPASS_COMMAND_DNS_ADDRESS_SET_H
#define ORIGINBYPASS_COMMAND_DNS_ADDRESS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/values/address.h"
#include "originbypass/values/answer.h"

/** Addresses, each once, in ascending order, so that equal sets have the same list. All zeros: empty. */
struct address_set {
    size_t count;
    struct address *list;
};

void address_set_add(struct address_set *set, const struct address *address);

/** Add the addresses of an answer; NULL: none. */
void address_set_add_answer(struct address_set *set, const struct answer *answer);

bool address_set_has(const struct address_set *set, const struct address *address);
bool address_set_equal(const struct address_set *one, const struct address_set *other);

/**
 * `203.0.113.7, 2001:db8::7`, or `no address`. After the eighth address only the number of the rest follows. The caller
 * must free(3) the text.
 */
char *address_set_text(const struct address_set *set);

void address_set_free(struct address_set *set);

#endif
