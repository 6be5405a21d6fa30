#ifndef ORIGINBYPASS_VALUES_NAME_H
#define ORIGINBYPASS_VALUES_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest name in text form, without the final dot (RFC 1035, section 2.3.4). */
#define NAME_LENGTH_MAX 253

/**
 * A host name in the form in which rules and cache compare names: ASCII lower case, without the final
 * dot, NUL-terminated and filled up with zeros to a whole word.
 */
struct name {
    uint32_t hash;   /**< of all octets */
    uint32_t length; /**< octets, 1 … NAME_LENGTH_MAX */
    union {
        char text[256];
        uint64_t words[32];
    };
};

/** The 64-bit words that `length` octets and a NUL take. */
static inline size_t name_words(uint32_t length) {
    return length / 8 + 1;
}

/**
 * Fold `text` into `name`. False where it cannot be a name that DNS carries by its length, or is not
 * ASCII; then `name` is undefined. Says nothing about its characters: see name_is_host_name().
 * Thread-safe; allocates nothing.
 */
bool name_fold(struct name *name, const char *text);

/**
 * Whether a folded name is a host name: labels of 1 to 63 letters, digits, hyphens and underscores
 * (res_hnok(3) of libc: no hyphen first), separated by single dots. Thread-safe.
 */
bool name_is_host_name(const struct name *name);

/**
 * Whether musl takes a CNAME record's target for a host name: letters, digits, hyphens and dots, and no underscore.
 * (musl also takes octets beyond ASCII, and dots inside of a label. Here such a text has a backslash.) Thread-safe.
 */
bool name_is_host_name_of_musl(const char *text);

/**
 * Whether `size` octets differ in the case of ASCII letters at the most. Not as strncasecmp(3), which asks the locale:
 * in Turkish "I" is not "i". Thread-safe.
 */
bool name_octets_match(const uint8_t *a, const uint8_t *b, size_t size);

/** Whether the text is an IP address in any notation that getaddrinfo(3) takes for one. Thread-safe. */
bool name_is_literal(const char *text);

#endif
