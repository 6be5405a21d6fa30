#include "originbypass/upstream/message.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/libc_kind.h"
#include "originbypass/values/name.h"

/* A CNAME record. Both names are in c-ares' memory. */
struct alias {
    char *owner, *target;
    uint32_t ttl_s;
    bool is_followed;
};

/* No working zone has this many in a row; resolvers give up after 8 to 16. */
enum { ALIASES_MAX = 64 };

/* A message being read: a cursor over it, and what was found so far. */
struct reader {
    const uint8_t *message, *end, *at;
    sa_family_t family;
    char *asked;          /* the question's name, in c-ares' memory */
    const char *expected; /* the name whose addresses count: the last of the chain */
    struct alias *aliases;
    size_t alias_count;
    uint32_t ttl_s;
    uint8_t *addresses;
    size_t address_count;
    char *names; /* the chain */
    size_t names_size, name_count;
    bool has_soa; /* a negative answer comes with one (RFC 2308, section 3) */
};

static uint16_t get16(const uint8_t *at) {
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, size_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* A TTL with the top bit set counts as zero (RFC 2181, section 8). */
static uint32_t get_ttl_s(const uint8_t *at) {
    uint32_t ttl_s = get32(at);
    return ttl_s > INT32_MAX ? 0 : ttl_s;
}

/* NULL: malformed, or no memory. The caller frees it with ares_free_string(). */
static char *read_name(struct reader *reader, const uint8_t *at, const uint8_t **behind) {
    char *name;
    long size;
    if (at >= reader->end ||
        ares_expand_name(at, reader->message, (int)(reader->end - reader->message), &name, &size) != ARES_SUCCESS)
        return NULL;
    *behind = at + size;
    return name;
}

struct record {
    const uint8_t *at; /* where it begins */
    char *owner;
    uint16_t type, class;
    uint32_t ttl_s;
    const uint8_t *data;
    uint16_t size;
};

static bool read_record(struct reader *reader, struct record *record) {
    const uint8_t *at;
    record->at = reader->at;
    record->owner = read_name(reader, reader->at, &at);
    if (record->owner == NULL)
        return false;
    if (reader->end - at >= RRFIXEDSZ && reader->end - at - RRFIXEDSZ >= get16(at + 8)) {
        record->type = get16(at);
        record->class = get16(at + 2);
        record->ttl_s = get_ttl_s(at + 4);
        record->size = get16(at + 8);
        record->data = at + RRFIXEDSZ;
        reader->at = record->data + record->size;
        return true;
    }
    ares_free_string(record->owner);
    return false;
}

static bool add_name(struct reader *reader, const char *name) {
    size_t size = strlen(name) + 1;
    char *names = realloc(reader->names, reader->names_size + size);
    if (names == NULL)
        return false;
    memcpy(names + reader->names_size, name, size);
    reader->names = names;
    reader->names_size += size;
    reader->name_count++;
    return true;
}

/* The answer is valid as long as all the records that it is made of. */
static void lower_ttl(struct reader *reader, uint32_t ttl_s) {
    if (ttl_s < reader->ttl_s)
        reader->ttl_s = ttl_s;
}

static bool counts_as_name(const char *text) {
    struct name name;
    return (name_fold(&name, text) && name_is_host_name(&name)) || (libc_is_musl() && name_is_host_name_of_musl(text));
}

/* Like libc, follow a target that is not a host name, but do not report it as a name. */
static bool name_chain(struct reader *reader, const struct alias *alias) {
    if (!counts_as_name(alias->target))
        return true;
    return (reader->name_count > 0 || add_name(reader, reader->asked)) && add_name(reader, alias->target);
}

static bool is_of(const char *name, const char *owner) {
    size_t size = strlen(name) + 1;
    return strlen(owner) + 1 == size && name_octets_match((const uint8_t *)name, (const uint8_t *)owner, size);
}

static struct alias *next_alias(struct reader *reader) {
    for (size_t i = 0; i < reader->alias_count; i++)
        if (!reader->aliases[i].is_followed && is_of(reader->expected, reader->aliases[i].owner))
            return &reader->aliases[i];
    return NULL;
}

/* The records of an answer have no order (RFC 1034, section 3.6). Each alias is followed only once, so a loop ends. */
static bool follow_chain(struct reader *reader) {
    reader->expected = reader->asked;
    for (struct alias *alias; (alias = next_alias(reader)) != NULL;) {
        alias->is_followed = true;
        lower_ttl(reader, alias->ttl_s);
        if (!name_chain(reader, alias))
            return false;
        reader->expected = alias->target;
    }
    return true;
}

static bool add_alias(struct reader *reader, const struct record *record) {
    const uint8_t *behind;
    if (record->class != ns_c_in || record->type != ns_t_cname)
        return true;
    if (reader->alias_count == ALIASES_MAX)
        return false;
    struct alias alias = {.ttl_s = record->ttl_s};
    alias.target = read_name(reader, record->data, &behind);
    alias.owner = read_name(reader, record->at, &behind);
    reader->aliases[reader->alias_count++] = alias;
    return alias.target != NULL && alias.owner != NULL;
}

static bool add_address(struct reader *reader, const struct record *record) {
    size_t size = address_size(reader->family);
    bool is_address = record->type == (reader->family == AF_INET ? ns_t_a : ns_t_aaaa);
    if (record->class != ns_c_in || !is_address || record->size != size || !is_of(reader->expected, record->owner))
        return true;
    lower_ttl(reader, record->ttl_s);
    memcpy(reader->addresses + reader->address_count++ * size, record->data, size);
    return true;
}

static bool read_question(struct reader *reader) {
    const uint8_t *at;
    reader->asked = read_name(reader, reader->at, &at);
    if (reader->asked == NULL || reader->end - at < QFIXEDSZ)
        return false;
    reader->at = at + QFIXEDSZ;
    return true;
}

static bool use_each(struct reader *reader, size_t count,
                     bool (*use)(struct reader *reader, const struct record *record)) {
    bool good = true;
    while (good && count-- > 0) {
        struct record record;
        good = read_record(reader, &record);
        if (!good)
            break;
        good = use(reader, &record);
        ares_free_string(record.owner);
    }
    return good;
}

static bool read_answers(struct reader *reader, size_t count) {
    const uint8_t *begin = reader->at;
    reader->addresses = malloc(count * address_size(reader->family) + 1);
    reader->aliases = malloc(ALIASES_MAX * sizeof(reader->aliases[0]));
    if (reader->addresses == NULL || reader->aliases == NULL || !use_each(reader, count, add_alias) ||
        !follow_chain(reader))
        return false;
    reader->at = begin;
    return use_each(reader, count, add_address);
}

/* How long a negative answer is valid: the smaller of the SOA record's TTL and its last field (RFC 2308, section 5). */
static uint32_t negative_ttl_s(struct reader *reader, size_t count) {
    uint32_t ttl_s = 0;
    struct record record;
    while (count-- > 0 && read_record(reader, &record)) {
        if (record.type == ns_t_soa && record.size >= 20) {
            reader->has_soa = true;
            uint32_t minimum_s = get_ttl_s(record.data + record.size - 4);
            ttl_s = record.ttl_s < minimum_s ? record.ttl_s : minimum_s;
        }
        ares_free_string(record.owner);
    }
    return ttl_s;
}

static const char *failure_of(const HEADER *header, unsigned rcode) {
    if (header->tc)
        return "truncated, over TCP too";
    switch (rcode) {
    case ns_r_noerror:
    case ns_r_nxdomain:
        /* No answer, from a server that neither is authoritative nor asks others: this is a referral. */
        return header->rcode == ns_r_noerror && header->ancount == 0 && !header->aa && !header->ra
                   ? "referred elsewhere: it neither recurses nor is authoritative"
                   : NULL;
    case ns_r_formerr:
        return "FORMERR";
    case ns_r_servfail:
        return "SERVFAIL";
    case ns_r_notimpl:
        return "NOTIMP";
    case ns_r_refused:
        return "REFUSED";
    case ns_r_badvers:
        return "BADVERS";
    case MESSAGE_BADCOOKIE:
        return "BADCOOKIE";
    default:
        return "unknown response code";
    }
}

static bool tells_failure(const HEADER *header) {
    return header->qr && header->rcode != ns_r_noerror && header->rcode != ns_r_nxdomain;
}

size_t message_question(const uint8_t *message, size_t size) {
    HEADER header;
    if (size < HFIXEDSZ)
        return 0;
    memcpy(&header, message, HFIXEDSZ);
    size_t at = HFIXEDSZ;
    while (at < size && message[at] != 0 && message[at] <= NS_MAXLABEL)
        at += 1U + message[at];
    if (ntohs(header.qdcount) != 1 || at >= size || message[at] != 0 || size - at < 1 + QFIXEDSZ)
        return 0;
    return at + 1 + QFIXEDSZ;
}

void message_show_question(uint8_t *message) {
    enum { RECORD_COUNTS = 6 };
    memset(message + RECORD_COUNTS, 0, HFIXEDSZ - RECORD_COUNTS);
}

/* ---- EDNS ---- */

/* OPT is the type of a record that belongs to the root; its TTL begins with the upper octet of the response code. */
enum { TTL_AT = 4, SIZE_AT = 8, OPTION_COOKIE = 10, RCODE_BITS = 4 };

/* The end of the name that begins at `at`. 0: malformed. */
static size_t end_of_name(const uint8_t *message, size_t size, size_t at) {
    while (at < size && message[at] != 0 && message[at] <= NS_MAXLABEL)
        at += 1U + message[at];
    size_t last = at < size && message[at] != 0 ? 2 : 1; /* a pointer, or the root */
    return at < size && size - at >= last ? at + last : 0;
}

static void find_cookie(struct message_edns *edns, const uint8_t *options, size_t size) {
    for (size_t at = 0, length; size - at >= MESSAGE_OPTION_HEAD; at += length) {
        uint16_t code = get16(options + at);
        length = get16(options + at + 2);
        at += MESSAGE_OPTION_HEAD;
        if (length > size - at)
            return;
        if (code == OPTION_COOKIE) {
            edns->cookie = options + at;
            edns->cookie_size = length;
            return;
        }
    }
}

/*
 * The position of the first OPT record's type. The record's data are inside the message. NULL: there is no such record.
 */
static const uint8_t *find_opt(const uint8_t *message, size_t size, const HEADER *header) {
    size_t additional = ntohs(header->arcount);
    size_t count = (size_t)ntohs(header->ancount) + ntohs(header->nscount) + additional;
    for (size_t at = message_question(message, size); at != 0 && count > 0; count--) {
        bool is_root = at < size && message[at] == 0;
        at = end_of_name(message, size, at);
        if (at == 0 || size - at < RRFIXEDSZ || size - at - RRFIXEDSZ < get16(message + at + SIZE_AT))
            return NULL;
        if (is_root && get16(message + at) == ns_t_opt && count <= additional)
            return message + at;
        at += RRFIXEDSZ + (size_t)get16(message + at + SIZE_AT);
    }
    return NULL;
}

struct message_edns message_edns(const uint8_t *message, size_t size) {
    HEADER header;
    memcpy(&header, message, HFIXEDSZ);
    struct message_edns edns = {.rcode = header.rcode};
    const uint8_t *record = find_opt(message, size, &header);
    if (record != NULL) {
        edns.rcode |= (unsigned)record[TTL_AT] << RCODE_BITS;
        find_cookie(&edns, record + RRFIXEDSZ, get16(record + SIZE_AT));
    }
    return edns;
}

size_t message_add_cookie(uint8_t *message, size_t size, const uint8_t *cookie, size_t cookie_size) {
    enum { OPT_SIZE = 1 + RRFIXEDSZ };
    if (cookie_size == 0 || size < HFIXEDSZ + OPT_SIZE)
        return size;
    uint8_t *record = message + size - RRFIXEDSZ, *option = message + size;
    if (record[-1] != 0 || get16(record) != ns_t_opt || get16(record + SIZE_AT) != 0)
        return size;
    put16(record + SIZE_AT, MESSAGE_OPTION_HEAD + cookie_size);
    put16(option, OPTION_COOKIE);
    put16(option + 2, cookie_size);
    memcpy(option + MESSAGE_OPTION_HEAD, cookie, cookie_size);
    return size + MESSAGE_OPTION_HEAD + cookie_size;
}

/* ---- what a message is ---- */

bool message_is_bare_failure(const uint8_t *message, size_t size) {
    HEADER header;
    if (size < HFIXEDSZ)
        return false;
    memcpy(&header, message, HFIXEDSZ);
    return header.qdcount == 0 && tells_failure(&header);
}

bool message_is_truncated(const uint8_t *message, size_t size) {
    HEADER header;
    if (size < HFIXEDSZ)
        return false;
    memcpy(&header, message, HFIXEDSZ);
    return header.qr && header.tc;
}

bool message_is_final_failure(const uint8_t *message, size_t size) {
    HEADER header;
    if (size < HFIXEDSZ)
        return false;
    memcpy(&header, message, HFIXEDSZ);
    switch (header.rcode) {
    case ns_r_noerror:
    case ns_r_nxdomain:
    case ns_r_servfail:
    case ns_r_notimpl:
    case ns_r_refused:
        return false;
    default:
        return true;
    }
}

static struct answer *build(const struct reader *reader, enum outcome outcome, uint32_t ttl_s, const char **reason) {
    bool chain = outcome == OUTCOME_ADDRESSES || outcome == OUTCOME_ELSEWHERE;
    struct answer_parts parts = {.outcome = outcome,
                                 .family = reader->family,
                                 .ttl_s = ttl_s,
                                 .addresses = reader->addresses,
                                 .address_count = reader->address_count,
                                 .names = reader->names,
                                 .name_count = chain ? reader->name_count : 0,
                                 .has_soa = reader->has_soa};
    struct answer *answer = answer_build(&parts);
    if (answer == NULL)
        *reason = "no memory";
    return answer;
}

/* The chain leads to its last name. If that is not a host name, nobody can be asked for it. */
static bool ends_in_a_host_name(const struct reader *reader) {
    const char *name = reader->names;
    for (size_t i = 1; i < reader->name_count; i++)
        name += strlen(name) + 1;
    return reader->name_count > 0 && is_of(name, reader->expected);
}

static struct answer *build_negative(struct reader *reader, const HEADER *header, const char **reason) {
    uint32_t ttl_s = negative_ttl_s(reader, ntohs(header->nscount));
    if (header->ancount == 0)
        return build(reader, OUTCOME_NO_RECORD, ttl_s, reason);
    if (!header->ra && !reader->has_soa && ends_in_a_host_name(reader))
        return build(reader, OUTCOME_ELSEWHERE, reader->ttl_s, reason);
    /* A chain that leads nowhere is valid no longer than its CNAME records. */
    return build(reader, OUTCOME_DANGLING, ttl_s < reader->ttl_s ? ttl_s : reader->ttl_s, reason);
}

struct answer *message_read(const uint8_t *message, size_t size, sa_family_t family, const char **reason) {
    HEADER header;
    struct reader reader = {
        .message = message, .end = message + size, .at = message + HFIXEDSZ, .family = family, .ttl_s = INT32_MAX};
    struct answer *answer = NULL;
    *reason = "malformed answer";
    if (size < HFIXEDSZ)
        return NULL;
    memcpy(&header, message, HFIXEDSZ);
    if (!header.qr || (ntohs(header.qdcount) != 1 && !tells_failure(&header)))
        return NULL;
    const char *failure = failure_of(&header, message_edns(message, size).rcode);
    if (failure != NULL) {
        *reason = failure;
        return NULL;
    }
    if (read_question(&reader) && read_answers(&reader, ntohs(header.ancount))) {
        if (header.rcode == ns_r_nxdomain) {
            reader.address_count = 0;
            answer = build(&reader, OUTCOME_NO_NAME, negative_ttl_s(&reader, ntohs(header.nscount)), reason);
        } else if (reader.address_count > 0) {
            answer = build(&reader, OUTCOME_ADDRESSES, reader.ttl_s, reason);
        } else {
            answer = build_negative(&reader, &header, reason);
        }
    }
    for (size_t i = 0; i < reader.alias_count; i++) {
        ares_free_string(reader.aliases[i].owner);
        ares_free_string(reader.aliases[i].target);
    }
    ares_free_string(reader.asked);
    free(reader.aliases);
    free(reader.addresses);
    free(reader.names);
    return answer;
}
