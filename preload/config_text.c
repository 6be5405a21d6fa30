#include "originbypass/config_text.h"

#include <string.h>
#include <strings.h>

enum {
    DEPTH_MAX = 16,
    SETTINGS_MAX = 32,    /* of one group: libconfig compares each with all others */
    VALUES_MAX = 1 << 20, /* libconfig spends more than a hundred octets on each */
};

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

static void step(struct config_scanner *scanner) {
    if (*scanner->at++ == '\n')
        scanner->line++;
}

static void skip_line(struct config_scanner *scanner) {
    while (scanner->at < scanner->end && *scanner->at != '\n')
        scanner->at++;
}

/* False: the comment does not end. */
static bool skip_comment(struct config_scanner *scanner) {
    for (scanner->at += 2; scanner->at < scanner->end; step(scanner)) {
        if (starts_with(scanner, "*/", 2)) {
            scanner->at += 2;
            return true;
        }
    }
    return false;
}

/* False: the string does not end. A backslash takes along the quote or backslash behind it, and nothing else. */
static bool skip_string(struct config_scanner *scanner) {
    for (scanner->at++; scanner->at < scanner->end; step(scanner)) {
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
            step(scanner);
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

struct config_token config_text_next(struct config_scanner *scanner) {
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

struct config_token config_text_next_value(struct config_scanner *scanner) {
    struct config_token token;
    do {
        token = config_text_next(scanner);
    } while (token.kind != CONFIG_TOKEN_END && !is_value(token.kind));
    return token;
}

/* A bracket that waits for its partner, and the names in it; the file as a whole is the outermost. */
struct bracket {
    char open;
    int line;
    int settings;
};

struct check {
    struct config_scanner scanner;
    struct config_token before; /* the token before the one looked at */
    struct bracket brackets[DEPTH_MAX + 1];
    int depth;
    size_t values;
    const char *file;
    struct config_errors *errors;
};

static struct config_place place(const struct check *check, int line) {
    return (struct config_place){.file = check->file, .line = line};
}

static bool refuse(struct check *check, int line, const char *reason) {
    config_errors_add(check->errors, place(check, line), "%s", reason);
    return false;
}

static bool count_value(struct check *check, const struct config_token *token) {
    if (++check->values <= VALUES_MAX)
        return true;
    config_errors_add(check->errors, place(check, token->line), "more than %d values: split the configuration",
                      VALUES_MAX);
    return false;
}

static bool check_name(struct check *check, const struct config_token *token) {
    if (++check->brackets[check->depth].settings <= SETTINGS_MAX)
        return true;
    config_errors_add(check->errors, place(check, token->line), "more than %d settings in one group", SETTINGS_MAX);
    return false;
}

static bool check_open(struct check *check, const struct config_token *token) {
    if (check->depth == DEPTH_MAX) {
        config_errors_add(check->errors, place(check, token->line), "brackets stand more than %d deep in each other",
                          DEPTH_MAX);
        return false;
    }
    check->brackets[++check->depth] = (struct bracket){.open = *token->start, .line = token->line};
    return count_value(check, token);
}

static bool check_close(struct check *check, const struct config_token *token) {
    const struct bracket *bracket = &check->brackets[check->depth];
    char partner = *token->start == ')' ? '(' : *token->start == ']' ? '[' : '{';
    if (bracket->open == partner) {
        check->depth--;
        return true;
    }
    if (check->depth == 0)
        config_errors_add(check->errors, place(check, token->line), "\"%c\" closes nothing", *token->start);
    else
        config_errors_add(check->errors, place(check, token->line), "\"%c\" does not close the \"%c\" of line %d",
                          *token->start, bracket->open, bracket->line);
    return false;
}

/* libconfig would drop the octet. */
static bool has_nul_escape(const struct config_token *token) {
    const char *end = token->start + token->length;
    for (const char *at = token->start; at + 4 <= end; at++) {
        if (*at != '\\')
            continue;
        if ((at[1] == 'x' || at[1] == 'X') && at[2] == '0' && at[3] == '0')
            return true;
        if (at[1] == '\\')
            at++;
    }
    return false;
}

/* libconfig would also lose the memory of a string that stands where it expects none. */
static bool may_stand_before_string(const struct check *check) {
    if (check->before.kind == CONFIG_TOKEN_END)
        return false;
    char c = *check->before.start;
    char around = check->brackets[check->depth].open;
    return c == '=' || c == ':' || c == '(' || c == '[' || (c == ',' && (around == '(' || around == '['));
}

static const char *string_fault(const struct check *check, const struct config_token *token) {
    if (check->before.kind == CONFIG_TOKEN_STRING)
        return "stands beside another string: a comma is missing between the two";
    if (!may_stand_before_string(check))
        return "stands where no value is expected: a setting is NAME = VALUE";
    return has_nul_escape(token) ? "has an octet NUL (\\x00) in it, which is in no valid value" : NULL;
}

static bool check_string(struct check *check, const struct config_token *token) {
    const char *fault = string_fault(check, token);
    if (fault == NULL)
        return count_value(check, token);
    config_errors_add(check->errors, place(check, token->line), "%s %s",
                      config_errors_quote(check->errors, token->start + 1, token->length - 2), fault);
    return false;
}

static bool check_other(struct check *check, const struct config_token *token) {
    static const char include[] = "@include";
    size_t rest = (size_t)(check->scanner.end - token->start);
    if (rest < sizeof(include) - 1 || memcmp(token->start, include, sizeof(include) - 1) != 0)
        return true;
    return refuse(check, token->line, "@include is not supported: write all settings into one file");
}

static bool check_end(struct check *check) {
    if (check->depth == 0)
        return true;
    const struct bracket *bracket = &check->brackets[check->depth];
    config_errors_add(check->errors, place(check, bracket->line), "the \"%c\" of this line is not closed",
                      bracket->open);
    return false;
}

static bool check_token(struct check *check, const struct config_token *token) {
    switch (token->kind) {
    case CONFIG_TOKEN_NAME:
        return check_name(check, token);
    case CONFIG_TOKEN_OPEN:
        return check_open(check, token);
    case CONFIG_TOKEN_CLOSE:
        return check_close(check, token);
    case CONFIG_TOKEN_STRING:
        return check_string(check, token);
    case CONFIG_TOKEN_NUMBER:
    case CONFIG_TOKEN_BOOLEAN:
        return count_value(check, token);
    case CONFIG_TOKEN_OTHER:
        return check_other(check, token);
    case CONFIG_TOKEN_UNCLOSED_STRING:
        return refuse(check, token->line, "the string that begins here has no end");
    case CONFIG_TOKEN_UNCLOSED_COMMENT:
        return refuse(check, token->line, "the comment that begins here has no end");
    case CONFIG_TOKEN_END:
        return check_end(check);
    case CONFIG_TOKEN_MARK:
        break;
    }
    return true;
}

static int line_of(const char *text, const char *position) {
    int line = 1;
    while ((text = memchr(text, '\n', (size_t)(position - text))) != NULL) {
        line++;
        text++;
    }
    return line;
}

bool config_text_check(const char *file, const char *text, size_t size, struct config_errors *errors,
                       size_t *value_count) {
    struct check check = {.scanner = {text, text + size, 1}, .file = file, .errors = errors};
    const char *nul = memchr(text, '\0', size);
    if (nul != NULL)
        return refuse(&check, line_of(text, nul), "an octet NUL: this is no text file");
    struct config_token token;
    do {
        token = config_text_next(&check.scanner);
        if (!check_token(&check, &token))
            return false;
        check.before = token;
    } while (token.kind != CONFIG_TOKEN_END);
    *value_count = check.values;
    return true;
}
