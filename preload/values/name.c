#include "originbypass/values/name.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
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

static uint64_t hash_words(const struct name *name) {
    uint64_t hash = name->length;
    for (size_t i = 0; i < name_words(name->length); i++)
        hash = mix(hash, name->words[i]);
    return hash;
}

static void fold_slowly(struct name *name) {
    for (size_t i = 0; i < name_words(name->length); i++)
        name->words[i] = lower_case(name->words[i]);
    name->hash = (uint32_t)hash_words(name);
}

static bool are_ascii(uint64_t octets) {
    return (octets & EVERY_OCTET(0x80)) == 0;
}

/* A capital letter lacks this bit; of all else that a host name may hold only the underscore does. */
static bool may_have_capitals(uint64_t common_bits) {
    return (common_bits & EVERY_OCTET(0x20)) != EVERY_OCTET(0x20);
}

static bool fold_short(struct name *name, const char *text) {
    name->words[0] = 0;
    memcpy(name->text, text, name->length);
    fold_slowly(name);
    return are_ascii(name->words[0]);
}

/* A name of a word or more: hashed on the way, as if it had no capitals. */
static bool fold_long(struct name *name, const char *text) {
    size_t length = name->length, rest = length % sizeof(uint64_t);
    uint64_t *word = name->words;
    uint64_t hash = length, octets;
    /* The last octets with one load that overlaps the word before. */
    memcpy(&octets, text + length - sizeof(octets), sizeof(octets));
    uint64_t last = rest == 0 ? 0 : htole64(le64toh(octets) >> (sizeof(octets) - rest) * 8);
    uint64_t any = octets, common = octets;
    for (const char *end = text + length - rest; text < end; text += sizeof(octets)) {
        memcpy(&octets, text, sizeof(octets));
        any |= octets;
        common &= octets;
        *word++ = octets;
        hash = mix(hash, octets);
    }
    *word = last;
    name->hash = (uint32_t)mix(hash, last);
    if (may_have_capitals(common))
        fold_slowly(name);
    return are_ascii(any);
}

bool name_fold(struct name *name, const char *text) {
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0 || length > NAME_LENGTH_MAX)
        return false;
    name->length = (uint32_t)length;
    return length < sizeof(uint64_t) ? fold_short(name, text) : fold_long(name, text);
}

static bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What may be in a label of a folded name. A table, because each call that libc leads to no edge pays for it. */
static const bool IN_LABEL[256] = {
    ['-'] = true, ['_'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true,
    ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,
    ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true,
    ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true};

static bool is_label(size_t length) {
    return length > 0 && length <= 63;
}

bool name_is_host_name(const struct name *name) {
    size_t label = 0; /* where it begins */
    if (name->text[0] == '-')
        return false;
    for (size_t i = 0; i < name->length; i++) {
        if (IN_LABEL[(unsigned char)name->text[i]])
            continue;
        if (name->text[i] != '.' || !is_label(i - label))
            return false;
        label = i + 1;
    }
    return is_label(name->length - label);
}

bool name_is_host_name_of_musl(const char *text) {
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (!is_letter_or_digit((char)(text[i] | 0x20)) && text[i] != '-' && text[i] != '.')
            return false;
    return length > 0 && length <= NAME_LENGTH_MAX + 1;
}

bool name_octets_match(const uint8_t *a, const uint8_t *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bool is_letter = (a[i] | 0x20) >= 'a' && (a[i] | 0x20) <= 'z';
        if (a[i] != b[i] && !(is_letter && (a[i] ^ b[i]) == 0x20))
            return false;
    }
    return true;
}

/* errno is kept: musl's inet_aton(3) changes it even if it succeeds. */
static bool is_ipv4_notation(const char *text) {
    struct in_addr ipv4;
    int error = errno;
    bool is_one = inet_aton(text, &ipv4) != 0;
    errno = error;
    return is_one;
}

bool name_is_literal(const char *text) {
    if (strchr(text, ':') != NULL)
        return true; /* with or without a scope; no host name has a colon */
    /* Every notation of inet_aton(3) begins with a digit; what it allows after white space, getaddrinfo(3) does not.
     */
    return text[0] >= '0' && text[0] <= '9' && strpbrk(text, " \t\n\v\f\r") == NULL && is_ipv4_notation(text);
}
