#ifndef ORIGINBYPASS_GUEST_JSON_H
#define ORIGINBYPASS_GUEST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * JSON text (RFC 8259) being written into octets of the caller's. Every function below appends a whole
 * piece or nothing, so that the text never ends in half of one. Allocates nothing and knows no locale. One
 * text is for one thread at a time.
 */
struct json_text {
    char *octets;  /**< not NUL-terminated */
    size_t length; /**< octets written */
    size_t limit;  /**< `length` never exceeds it; the caller may move it, to keep room for what comes later */
};

/** Append octets that are JSON already: brackets, commas, `true`. False: they do not fit. */
bool json_append(struct json_text *json, const char *octets);

/** Append an integer. False: it does not fit. */
bool json_append_number(struct json_text *json, int64_t number);

/**
 * Append text as a JSON string, quotes included: control characters (C0, DEL and C1) are escaped, and what
 * is not UTF-8 (RFC 3629: overlong forms, surrogates, truncated characters too) becomes U+FFFD, one for each
 * longest piece that could have begun a character, as most decoders do. False: it does not fit.
 */
bool json_append_string(struct json_text *json, const char *text);

/** Append as many whole characters of the text as fit, as a string. False: not even an empty string fits. */
bool json_append_cut_string(struct json_text *json, const char *text);

#endif
