#include "originbypass/guest/json.h"

#include <string.h>

#define REPLACEMENT_CHARACTER "\xEF\xBF\xBD"

/** The text of one character in a JSON string, and how many octets of the source it stands for. */
struct character {
    char octets[sizeof("\\u0000")];
    size_t source_length;
};

static bool append_octets(struct json_text *json, const char *octets, size_t count) {
    if (count > json->limit - json->length)
        return false;
    memcpy(json->octets + json->length, octets, count);
    json->length += count;
    return true;
}

bool json_append(struct json_text *json, const char *octets) {
    return append_octets(json, octets, strlen(octets));
}

bool json_append_number(struct json_text *json, int64_t number) {
    char digits[sizeof("-9223372036854775808")];
    char *first = digits + sizeof(digits);
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--first = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        *--first = '-';
    return append_octets(json, first, (size_t)(digits + sizeof(digits) - first));
}

static struct character escaped(unsigned code, size_t source_length) {
    static const char hex[] = "0123456789abcdef";
    struct character character = {"\\u00", source_length};
    character.octets[4] = hex[code >> 4];
    character.octets[5] = hex[code & 0xF];
    return character;
}

static struct character ascii_character(unsigned char code) {
    switch (code) {
    case '"':
        return (struct character){"\\\"", 1};
    case '\\':
        return (struct character){"\\\\", 1};
    case '\n':
        return (struct character){"\\n", 1};
    case '\r':
        return (struct character){"\\r", 1};
    case '\t':
        return (struct character){"\\t", 1};
    default:
        return code < ' ' || code == 0x7F ? escaped(code, 1) : (struct character){{(char)code}, 1};
    }
}

/**
 * What may come second decides over overlong forms, surrogates and numbers beyond U+10FFFF (the table of
 * RFC 3629, section 4): only the first octet tells the range.
 */
static bool is_second_octet(unsigned char first, unsigned char second) {
    unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char greatest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= least && second <= greatest;
}

static size_t announced_length(unsigned char first) {
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    if (first >= 0xF0 && first <= 0xF4)
        return 4;
    return 1;
}

/** The character at `text`, which is not its end. Stops before the final NUL, since that continues nothing. */
static struct character next_character(const unsigned char *text) {
    if (text[0] < 0x80)
        return ascii_character(text[0]);

    size_t announced = announced_length(text[0]);
    size_t length = 1;
    if (announced > 1 && is_second_octet(text[0], text[1]))
        for (length = 2; length < announced && (text[length] & 0xC0) == 0x80;)
            length++;
    if (announced == 1 || length < announced)
        return (struct character){REPLACEMENT_CHARACTER, length};
    if (text[0] == 0xC2 && text[1] < 0xA0)
        return escaped(text[1], 2);

    struct character character = {.source_length = length};
    memcpy(character.octets, text, length);
    return character;
}

/** Append characters until one does not fit; returns where the text goes on. */
static const char *append_characters(struct json_text *json, const char *text) {
    while (*text != '\0') {
        struct character character = next_character((const unsigned char *)text);
        if (!json_append(json, character.octets))
            break;
        text += character.source_length;
    }
    return text;
}

/** Append the opening quote, characters, and the closing quote, for which room is kept. */
static bool append_quoted(struct json_text *json, const char **text) {
    if (json->limit - json->length < strlen("\"\""))
        return false;
    json_append(json, "\"");
    json->limit--;
    *text = append_characters(json, *text);
    json->limit++;
    return json_append(json, "\"");
}

bool json_append_string(struct json_text *json, const char *text) {
    size_t start = json->length;
    bool complete = append_quoted(json, &text) && *text == '\0';
    if (!complete)
        json->length = start;
    return complete;
}

bool json_append_cut_string(struct json_text *json, const char *text) {
    return append_quoted(json, &text);
}
