#ifndef ORIGINBYPASS_VALUES_ANSWER_H
#define ORIGINBYPASS_VALUES_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/address.h"

/** The record types that we ask for, as bits of a set. */
enum record_types {
    RECORD_A = 1,
    RECORD_AAAA = 2,
    RECORD_BOTH = RECORD_A | RECORD_AAAA,
};

/** The number of record types, and each one's place in an array of them. */
#define RECORD_TYPE_COUNT 2

/** What DNS said of one name and record type: libc tells these apart (RFC 1035, RFC 2308). */
enum outcome {
    OUTCOME_FAILURE,   /**< no server gave a usable answer; ttl_s says how long none is asked again (RFC 9520) */
    OUTCOME_ADDRESSES, /**< at least one address */
    OUTCOME_NO_NAME,   /**< NXDOMAIN */
    OUTCOME_NO_RECORD, /**< NODATA: the name exists, without a record of this type */
    OUTCOME_DANGLING,  /**< a CNAME chain that ends without an address */
    OUTCOME_ELSEWHERE, /**< a CNAME chain that leads out of what a server without recursion knows */
    OUTCOME_REJECTED,  /**< addresses, all of which the host's policy rejects */
    OUTCOME_NO_ORIGIN, /**< `when = "edge"`: no address, or only edges, and none of the other type that is no edge */
    OUTCOME_COUNT,     /**< so many there are */
};

/**
 * An answer: addresses in DNS order, the names of the CNAME chain, and a TTL. Immutable once built, free
 * of pointers, and a whole number of 64-bit words, so that it may be copied by words (answer_words()).
 * After the header come `address_count` addresses of the family, then the chain as `name_count`
 * NUL-terminated names: the name as it was asked first, each CNAME's target after it, the canonical name
 * last. Without a CNAME there are no names. The rest of the last word is zero.
 */
struct answer {
    uint32_t ttl_s;         /**< the least TTL of all records used; of a negative answer RFC 2308's */
    uint32_t size;          /**< octets of the whole, header and padding included; a multiple of 8 */
    uint16_t address_count; /**< addresses */
    uint16_t name_count;    /**< names in the CNAME chain; 0 or at least 2 */
    uint8_t outcome;        /**< enum outcome */
    uint8_t family;         /**< AF_INET or AF_INET6 */
    uint8_t has_soa;        /**< 1: a negative answer with the SOA record that RFC 2308 (section 3) asks for */
    uint8_t no_recovery;    /**< 1: of a failure, message_is_final_failure() */
    uint8_t data[];
};

/** The addresses, packed, in DNS order. */
static inline const uint8_t *answer_addresses(const struct answer *answer) {
    return answer->data;
}

/** The address at `position`, which is less than `address_count`. */
struct address answer_address(const struct answer *answer, size_t position);

/** The first name of the chain; the others follow, each after its predecessor's NUL. NULL without a chain. */
const char *answer_first_name(const struct answer *answer);

/** The canonical name, or NULL where there was no CNAME: then it is the name that was asked for. */
const char *answer_canonical_name(const struct answer *answer);

/**
 * Whether it leaves the name to libc. Such an answer holds no longer than its lifetime: libc may know better by then,
 * and an upstream may be well again.
 */
static inline bool answer_is_for_libc(const struct answer *answer) {
    return answer->outcome == OUTCOME_NO_NAME || answer->outcome == OUTCOME_REJECTED ||
           answer->outcome == OUTCOME_NO_ORIGIN || answer->outcome == OUTCOME_FAILURE;
}

/** Whether all its addresses are rejected. NULL: no. */
static inline bool answer_is_rejected(const struct answer *answer) {
    return answer != NULL && answer->outcome == OUTCOME_REJECTED;
}

/** That the name has no record of this type, for as long as the process lives. */
const struct answer *answer_no_record(sa_family_t family);

/** The first of the answers that has addresses; NULL: none has. Each may be NULL. */
const struct answer *answer_with_addresses(const struct answer *const answers[static RECORD_TYPE_COUNT]);

/** What an answer is made of. Nothing is kept of it: the answer has copies. */
struct answer_parts {
    enum outcome outcome;
    sa_family_t family;
    uint32_t ttl_s;
    const uint8_t *addresses; /**< packed, `address_count` of them */
    size_t address_count;     /**< at most 65535 */
    const char *names;        /**< as in struct answer */
    size_t name_count;
    bool has_soa;
};

/** Build an answer on the heap; the caller frees it with free(3). NULL: no memory, or more than fits. */
struct answer *answer_build(const struct answer_parts *parts);

/**
 * A copy with only those addresses for which `keep` says true; without any left the copy has none, and
 * its outcome is OUTCOME_ADDRESSES still. On the heap, for the caller to free(3); NULL: no memory.
 */
struct answer *answer_filter(const struct answer *answer, bool (*keep)(const struct address *, void *), void *context);

/**
 * The answer for an alias: what `target` says of the name at the end of the chain of `alias`, which has
 * OUTCOME_ELSEWHERE. Both stay the caller's. On the heap, for the caller to free(3); NULL: no memory.
 */
struct answer *answer_join(const struct answer *alias, const struct answer *target);

#endif
