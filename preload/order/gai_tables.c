#include "originbypass/order/gai_tables.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What glibc uses without a file: RFC 3484's tables, with three labels more (Teredo, site-local, unique-local). */
static const struct gai_prefix own_labels[] = {
    {{{{[15] = 1}}}, 128, 0},                /* ::1 */
    {{{{[10] = 0xff, [11] = 0xff}}}, 96, 4}, /* ::ffff:0:0/96, IPv4 */
    {{{{0}}}, 96, 3},                        /* ::/96 */
    {{{{0x20, 0x01}}}, 32, 7},               /* 2001::/32, Teredo */
    {{{{0x20, 0x02}}}, 16, 2},               /* 2002::/16, 6to4 */
    {{{{0xfe, 0xc0}}}, 10, 5},               /* fec0::/10, site-local */
    {{{{0xfc}}}, 7, 6},                      /* fc00::/7, unique-local */
    {{{{0}}}, 0, 1},
};
static const struct gai_prefix own_precedences[] = {
    {{{{[15] = 1}}}, 128, 50}, {{{{[10] = 0xff, [11] = 0xff}}}, 96, 10}, {{{{0}}}, 96, 20}, {{{{0x20, 0x02}}}, 16, 30},
    {{{{0}}}, 0, 40},
};

static const struct gai_scope own_scopes[] = {
    {0xa9fe0000, 0xffff0000, 2}, /* 169.254.0.0/16, link-local */
    {0x7f000000, 0xff000000, 2}, /* 127.0.0.0/8 */
    {0, 0, 14},
};

const struct gai_tables gai_tables_own = {
    .labels = own_labels,
    .precedences = own_precedences,
    .scopes = own_scopes,
};

enum { OTHER_LABEL = 1, OTHER_PRECEDENCE = 40, OTHER_SCOPE = 14 };

struct prefix_table {
    struct gai_prefix *entries;
    size_t count;
    bool complete; /* an entry matches everything */
};

struct scope_table {
    struct gai_scope *entries;
    size_t count;
    bool complete;
};

struct parsed {
    struct prefix_table labels;
    struct prefix_table precedences;
    struct scope_table scopes;
    bool *reload;
};

/* As in glibc's gnu/libc-version.h. Musl does not have it. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

/* A number that is not there: glibc 2.36 takes it for 0, and 2.41 drops the line. Those between were not tried. */
static bool is_nothing_a_number(void) {
    static const char last_known[] = "2.36";
    return gnu_get_libc_version != NULL && strverscmp(gnu_get_libc_version(), last_known) <= 0;
}

/* strtoul(3) as it is, because libc reads the file with it: a sign is taken. */
static bool read_gai_number(const char *text, unsigned long most, unsigned long *number) {
    char *end;
    *number = strtoul(text, &end, 10);
    return *end == '\0' && *number <= most && (end != text || is_nothing_a_number());
}

/*
 * Cut `ADDRESS/BITS` in two. Without a slash libc follows a pointer that it never set, and in effect drops
 * the line: so do we.
 */
static const char *cut_bits(char *prefix) {
    char *slash = strchr(prefix, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return slash + 1;
}

static void add_prefix(struct prefix_table *table, char *prefix, const char *value_text) {
    struct in6_addr address;
    unsigned long bits;
    unsigned long value;
    const char *bits_text = cut_bits(prefix);
    if (bits_text == NULL || inet_pton(AF_INET6, prefix, &address) != 1 || !read_gai_number(bits_text, 128, &bits) ||
        !read_gai_number(value_text, INT_MAX, &value))
        return;
    table->entries[table->count++] = (struct gai_prefix){address, (unsigned int)bits, (int)value};
    table->complete |= bits == 0;
}

/* An IPv4 prefix, also in the mapped form `::ffff:169.254.0.0/112`. */
static bool read_ipv4_prefix(char *prefix, struct in_addr *address, unsigned long *bits) {
    struct in6_addr mapped;
    const char *bits_text = cut_bits(prefix);
    if (bits_text == NULL)
        return false;
    if (inet_pton(AF_INET, prefix, address) == 1)
        return read_gai_number(bits_text, 32, bits);
    if (inet_pton(AF_INET6, prefix, &mapped) != 1 || !IN6_IS_ADDR_V4MAPPED(&mapped) ||
        !read_gai_number(bits_text, 128, bits) || *bits < 96)
        return false;
    memcpy(address, mapped.s6_addr + 12, sizeof(*address));
    *bits -= 96;
    return true;
}

static void add_scope(struct scope_table *table, char *prefix, const char *value_text) {
    struct in_addr address;
    unsigned long bits;
    unsigned long value;
    if (!read_ipv4_prefix(prefix, &address, &bits) || !read_gai_number(value_text, INT_MAX, &value))
        return;
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    table->entries[table->count++] = (struct gai_scope){ntohl(address.s_addr) & mask, mask, (int)value};
    table->complete |= bits == 0;
}

/* The next word of a line, empty at its end; the C locale's white space separates words. */
static char *next_gai_word(char **rest) {
    static const char white_space[] = " \t\n\v\f\r";
    char *word = *rest + strspn(*rest, white_space);
    char *end = word + strcspn(word, white_space);
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

static void parse_line(struct parsed *parsed, char *line) {
    line[strcspn(line, "#")] = '\0';
    const char *keyword = next_gai_word(&line);
    char *first = next_gai_word(&line);
    const char *second = next_gai_word(&line);
    if (strcmp(keyword, "label") == 0)
        add_prefix(&parsed->labels, first, second);
    else if (strcmp(keyword, "precedence") == 0)
        add_prefix(&parsed->precedences, first, second);
    else if (strcmp(keyword, "scopev4") == 0)
        add_scope(&parsed->scopes, first, second);
    else if (strcmp(keyword, "reload") == 0)
        *parsed->reload = strcmp(first, "yes") == 0;
}

static int longer_prefix_first(const void *left, const void *right) {
    unsigned int left_bits = ((const struct gai_prefix *)left)->bits;
    unsigned int right_bits = ((const struct gai_prefix *)right)->bits;
    return (left_bits < right_bits) - (left_bits > right_bits);
}

static int longer_mask_first(const void *left, const void *right) {
    uint32_t left_mask = ((const struct gai_scope *)left)->mask;
    uint32_t right_mask = ((const struct gai_scope *)right)->mask;
    return (left_mask < right_mask) - (left_mask > right_mask);
}

/* A table without an entry in the file is libc's own; any other gets a last entry for all that it does not name. */
static const struct gai_prefix *finish_prefixes(struct prefix_table *table, const struct gai_prefix *own, int other) {
    if (table->count == 0)
        return own;
    if (!table->complete)
        table->entries[table->count++] = (struct gai_prefix){.bits = 0, .value = other};
    qsort(table->entries, table->count, sizeof(table->entries[0]), longer_prefix_first);
    return table->entries;
}

static const struct gai_scope *finish_scopes(struct scope_table *table) {
    if (table->count == 0)
        return own_scopes;
    if (!table->complete)
        table->entries[table->count++] = (struct gai_scope){.mask = 0, .scope = OTHER_SCOPE};
    qsort(table->entries, table->count, sizeof(table->entries[0]), longer_mask_first);
    return table->entries;
}

static size_t count_text_lines(const char *text, size_t length) {
    size_t lines = 1;
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

struct gai_tables *gai_tables_parse(char *text, size_t length, bool *reload) {
    /* Each line gives an entry at most, and each table gets one more. */
    size_t most = count_text_lines(text, length) + 1;
    struct gai_tables *tables =
        malloc(sizeof(*tables) + most * (2 * sizeof(struct gai_prefix) + sizeof(struct gai_scope)));
    if (tables == NULL)
        return NULL;
    struct gai_prefix *prefixes = (struct gai_prefix *)(tables + 1);
    struct parsed parsed = {
        .labels.entries = prefixes,
        .precedences.entries = prefixes + most,
        .scopes.entries = (struct gai_scope *)(prefixes + 2 * most),
        .reload = reload,
    };
    char *end = text + length;
    while (text < end) {
        char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (line_end == NULL)
            line_end = end;
        *line_end = '\0';
        parse_line(&parsed, text);
        text = line_end + 1;
    }
    *tables = (struct gai_tables){
        .labels = finish_prefixes(&parsed.labels, own_labels, OTHER_LABEL),
        .precedences = finish_prefixes(&parsed.precedences, own_precedences, OTHER_PRECEDENCE),
        .scopes = finish_scopes(&parsed.scopes),
    };
    return tables;
}

static bool has_prefix(const struct in6_addr *address, const struct gai_prefix *entry) {
    unsigned int octets = entry->bits / 8;
    unsigned int bits = entry->bits % 8;
    if (memcmp(address->s6_addr, entry->prefix.s6_addr, octets) != 0)
        return false;
    return bits == 0 || (address->s6_addr[octets] ^ entry->prefix.s6_addr[octets]) >> (8 - bits) == 0;
}

static int table_value(const struct gai_prefix *entry, const struct in6_addr *address) {
    while (!has_prefix(address, entry))
        entry++;
    return entry->value;
}

int gai_tables_label(const struct gai_tables *tables, const struct in6_addr *address) {
    return table_value(tables->labels, address);
}

int gai_tables_precedence(const struct gai_tables *tables, const struct in6_addr *address) {
    return table_value(tables->precedences, address);
}

int gai_tables_scope(const struct gai_tables *tables, struct in_addr address) {
    const struct gai_scope *entry = tables->scopes;
    while ((ntohl(address.s_addr) & entry->mask) != entry->address)
        entry++;
    return entry->scope;
}

int gai_tables_ipv6_scope(const struct in6_addr *address) {
    enum { LINK_LOCAL = 2, SITE_LOCAL = 5, GLOBAL = 14 };
    if (IN6_IS_ADDR_MULTICAST(address))
        return address->s6_addr[1] & 0xf;
    if (IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_LOOPBACK(address))
        return LINK_LOCAL;
    return IN6_IS_ADDR_SITELOCAL(address) ? SITE_LOCAL : GLOBAL;
}
