#include "originbypass/name.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <string.h>

#define EVERY_OCTET(value) (UINT64_C(0x0101010101010101) * (value))

/* Eight octets at a time: every hit pays for this. An octet of 'A' … 'Z' gets its top bit set in `upper`. */
static uint64_t lower_case(uint64_t octets) {
    uint64_t from_a = octets + EVERY_OCTET(0x80 - 'A');
    uint64_t beyond_z = octets + EVERY_OCTET(0x80 - 'Z' - 1);
    uint64_t upper = (from_a & ~beyond_z) & EVERY_OCTET(0x80);
    return octets | upper >> 2;
}

static uint64_t mix(uint64_t hash, uint64_t octets) {
    hash = (hash ^ octets) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* The last octets of a text, less than a word of them, filled up with zeros. */
static uint64_t last_word(const char *text, size_t length) {
    size_t rest = length % sizeof(uint64_t);
    uint64_t octets = 0;
    if (rest == length) {
        for (size_t i = 0; i < rest; i++)
            octets |= (uint64_t)(uint8_t)text[i] << i * 8;
        return htole64(octets);
    }
    /* One load that overlaps the word before is cheaper than several small ones. */
    memcpy(&octets, text + length - sizeof(octets), sizeof(octets));
    return rest == 0 ? 0 : htole64(le64toh(octets) >> (sizeof(octets) - rest) * 8);
}

bool name_fold(struct name *name, const char *text) {
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0 || length > NAME_LENGTH_MAX)
        return false;
    uint64_t *word = name->words;
    uint64_t octets = 0, hash = length, seen = 0;
    for (size_t done = sizeof(octets); done <= length; done += sizeof(octets)) {
        memcpy(&octets, text + done - sizeof(octets), sizeof(octets));
        seen |= octets;
        *word = lower_case(octets);
        hash = mix(hash, *word++);
    }
    octets = last_word(text, length);
    *word = lower_case(octets);
    hash = mix(hash, *word);
    name->length = (uint32_t)length;
    name->hash = (uint32_t)hash;
    return ((seen | octets) & EVERY_OCTET(0x80)) == 0;
}

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_is_host_name(const struct name *name) {
    size_t label = 0;
    for (size_t i = 0; i < name->length; i++) {
        char c = name->text[i];
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if (!is_letter_or_digit(c) && c != '_' && (c != '-' || i == 0))
            return false;
        if (++label > 63)
            return false;
    }
    return label > 0;
}

bool name_is_literal(const char *text) {
    struct in_addr ipv4;
    if (strchr(text, ':') != NULL)
        return true; /* with or without a scope; no host name has a colon */
    /* Every notation of inet_aton(3) begins with a digit; what it allows behind white space, getaddrinfo(3) does not.
     */
    return text[0] >= '0' && text[0] <= '9' && strpbrk(text, " \t\n\v\f\r") == NULL && inet_aton(text, &ipv4) != 0;
}
