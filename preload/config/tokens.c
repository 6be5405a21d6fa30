#include "originbypass/config/tokens.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool is_in_word(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '+' || c == '.';
}

static bool starts_with(const struct config_scanner *scanner, const char *text, size_t length) {
    return (size_t)(scanner->end - scanner->at) >= length && memcmp(scanner->at, text, length) == 0;
}

static void step_octet(struct config_scanner *scanner) {
    if (*scanner->at++ == '\n')
        scanner->line++;
}

static void skip_line(struct config_scanner *scanner) {
    while (scanner->at < scanner->end && *scanner->at != '\n')
        scanner->at++;
}

/* False: the comment does not end. */
static bool skip_comment(struct config_scanner *scanner) {
    for (scanner->at += 2; scanner->at < scanner->end; step_octet(scanner)) {
        if (starts_with(scanner, "*/", 2)) {
            scanner->at += 2;
            return true;
        }
    }
    return false;
}

/* False: the string does not end. A backslash includes the quote or backslash after it, and nothing else. */
static bool skip_string(struct config_scanner *scanner) {
    for (scanner->at++; scanner->at < scanner->end; step_octet(scanner)) {
        if (*scanner->at == '"') {
            scanner->at++;
            return true;
        }
        if (starts_with(scanner, "\\\"", 2) || starts_with(scanner, "\\\\", 2))
            scanner->at++;
    }
    return false;
}

/* False: a comment that does not end; `at` is its beginning then. */
static bool skip_space(struct config_scanner *scanner) {
    while (scanner->at < scanner->end) {
        if (is_space(*scanner->at)) {
            step_octet(scanner);
        } else if (*scanner->at == '#' || starts_with(scanner, "//", 2)) {
            skip_line(scanner);
        } else if (starts_with(scanner, "/*", 2)) {
            struct config_scanner start = *scanner;
            if (!skip_comment(scanner)) {
                *scanner = start;
                return false;
            }
        } else {
            break;
        }
    }
    return true;
}

static enum config_token_kind scan_word(struct config_scanner *scanner) {
    const char *start = scanner->at;
    while (scanner->at < scanner->end && is_in_word(*scanner->at))
        scanner->at++;
    if (is_digit(*start) || strchr("+-.", *start) != NULL)
        return CONFIG_TOKEN_NUMBER;
    size_t length = (size_t)(scanner->at - start);
    bool boolean =
        (length == 4 && strncasecmp(start, "true", 4) == 0) || (length == 5 && strncasecmp(start, "false", 5) == 0);
    return boolean ? CONFIG_TOKEN_BOOLEAN : CONFIG_TOKEN_NAME;
}

static enum config_token_kind scan(struct config_scanner *scanner) {
    if (scanner->at == scanner->end)
        return CONFIG_TOKEN_END;
    if (*scanner->at == '"')
        return skip_string(scanner) ? CONFIG_TOKEN_STRING : CONFIG_TOKEN_UNCLOSED_STRING;
    if (is_in_word(*scanner->at))
        return scan_word(scanner);
    char c = *scanner->at++;
    if (strchr("([{", c) != NULL)
        return CONFIG_TOKEN_OPEN;
    if (strchr(")]}", c) != NULL)
        return CONFIG_TOKEN_CLOSE;
    return strchr("=:,;", c) != NULL ? CONFIG_TOKEN_MARK : CONFIG_TOKEN_OTHER;
}

struct config_token config_tokens_next(struct config_scanner *scanner) {
    bool closed = skip_space(scanner);
    struct config_token token = {.start = scanner->at, .line = scanner->line};
    if (closed) {
        token.kind = scan(scanner);
    } else {
        token.kind = CONFIG_TOKEN_UNCLOSED_COMMENT;
        scanner->at = scanner->end;
    }
    token.length = (size_t)(scanner->at - token.start);
    return token;
}

static bool is_value(enum config_token_kind kind) {
    return kind == CONFIG_TOKEN_NUMBER || kind == CONFIG_TOKEN_BOOLEAN || kind == CONFIG_TOKEN_STRING;
}

struct config_token config_tokens_next_value(struct config_scanner *scanner) {
    struct config_token token;
    do {
        token = config_tokens_next(scanner);
    } while (token.kind != CONFIG_TOKEN_END && !is_value(token.kind));
    return token;
}
