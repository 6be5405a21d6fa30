#include "originbypass/config/grammar.h"

#include <string.h>

#include "originbypass/config/hints.h"
#include "originbypass/config/tokens.h"

enum {
    DEPTH_MAX = 16,
    SETTINGS_MAX = 32,    /* of one group: libconfig compares each with all others */
    VALUES_MAX = 1 << 20, /* libconfig spends more than a hundred octets on each */
};

/* What may come next. */
enum expected {
    EXPECT_SETTING,   /* or the end of the group */
    EXPECT_EQUALS,    /* after the name of a setting */
    EXPECT_VALUE,     /* after `=`, or after a comma in a list */
    EXPECT_FIRST,     /* a value, or the end of the list */
    EXPECT_SEPARATOR, /* after a value; or the end, or in a group the next setting */
};

/* A bracket that waits for its partner; the file as a whole is the outermost group. */
struct bracket {
    char open;
    int line;
    int settings;
    const char *names[SETTINGS_MAX];
    enum config_token_kind kind; /* of an array's first value */
};

struct check {
    struct config_scanner scanner;
    struct config_token before; /* the token before the one looked at */
    enum expected expected;
    struct bracket brackets[DEPTH_MAX + 1];
    int depth;
    size_t values;
    const char *file;
    struct config_errors *errors;
};

static struct config_place place(const struct check *check, int line) {
    return (struct config_place){.file = check->file, .line = line};
}

static bool refuse_text(struct check *check, int line, const char *reason) {
    config_errors_add(check->errors, place(check, line), "%s", reason);
    return false;
}

static struct bracket *innermost(struct check *check) {
    return &check->brackets[check->depth];
}

static bool is_group(const struct bracket *bracket) {
    return bracket->open == '{';
}

/* --- what was found, and what was expected ------------------------------------------------------------------------ */

static const char *found(const struct check *check, const struct config_token *token) {
    switch (token->kind) {
    case CONFIG_TOKEN_END:
        return "the end of the file";
    case CONFIG_TOKEN_STRING:
        return config_errors_quote(check->errors, token->start + 1, token->length - 2);
    case CONFIG_TOKEN_OTHER: /* one octet: with what follows it says more */
        return config_errors_quote(check->errors, token->start, strcspn(token->start, " \t\r\n\f"));
    default:
        return config_errors_quote(check->errors, token->start, token->length);
    }
}

static const char *expected(const struct check *check) {
    switch (check->expected) {
    case EXPECT_SETTING:
        return "a setting, as in NAME = VALUE";
    case EXPECT_EQUALS:
        return "\"=\" after the name of a setting";
    case EXPECT_VALUE:
    case EXPECT_FIRST:
        return "a value";
    case EXPECT_SEPARATOR:
        break;
    }
    char open = check->brackets[check->depth].open;
    return open == '{' ? "\";\"" : open == '(' ? "a comma or \")\"" : "a comma or \"]\"";
}

static bool misplaced(struct check *check, const struct config_token *token) {
    int line = token->kind == CONFIG_TOKEN_END ? check->before.line : token->line;
    config_errors_add(check->errors, place(check, line), "expected %s, found %s%s", expected(check),
                      found(check, token), config_hints_of_token(token, &check->before, innermost(check)->open));
    return false;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static bool is_name(const struct config_token *token) {
    return *token->start != '_' && memchr(token->start, '.', token->length) == NULL &&
           memchr(token->start, '+', token->length) == NULL;
}

/* Names are compared as they are written, as libconfig does it. */
static const char *find_name(const struct bracket *bracket, const struct config_token *token) {
    for (int i = 0; i < bracket->settings; i++) {
        struct config_scanner scanner = {bracket->names[i], token->start, 1};
        struct config_token other = config_tokens_next(&scanner);
        if (other.length == token->length && memcmp(other.start, token->start, token->length) == 0)
            return other.start;
    }
    return NULL;
}

static int lines_between(const char *text, const char *end) {
    int lines = 0;
    while ((text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
        lines++;
        text++;
    }
    return lines;
}

static bool add_setting_name(struct check *check, const struct config_token *token) {
    struct bracket *group = innermost(check);
    const char *first = find_name(group, token);
    if (first != NULL) {
        config_errors_add(check->errors, place(check, token->line), "%s is set twice: first in line %d",
                          found(check, token), token->line - lines_between(first, token->start));
        return false;
    }
    if (group->settings == SETTINGS_MAX) {
        config_errors_add(check->errors, place(check, token->line), "more than %d settings in one group", SETTINGS_MAX);
        return false;
    }
    group->names[group->settings++] = token->start;
    check->expected = EXPECT_EQUALS;
    return true;
}

static bool check_name(struct check *check, const struct config_token *token) {
    bool may_begin =
        check->expected == EXPECT_SETTING || (check->expected == EXPECT_SEPARATOR && is_group(innermost(check)));
    if (!may_begin)
        return misplaced(check, token);
    if (is_name(token))
        return add_setting_name(check, token);
    config_errors_add(
        check->errors, place(check, token->line),
        "%s is not the name of a setting: expected letters, digits, \"-\", \"_\" and \"*\", with a letter first",
        found(check, token));
    return false;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool takes_value(struct check *check, const struct config_token *token) {
    if (check->expected != EXPECT_VALUE && check->expected != EXPECT_FIRST)
        return misplaced(check, token);
    if (++check->values <= VALUES_MAX)
        return true;
    config_errors_add(check->errors, place(check, token->line), "more than %d values: split the configuration",
                      VALUES_MAX);
    return false;
}

/* An array's first value says of which kind all are. */
static bool fits_into_array(struct check *check, const struct config_token *token) {
    struct bracket *array = innermost(check);
    if (array->open != '[' || array->kind == token->kind)
        return true;
    if (array->kind == CONFIG_TOKEN_END && token->kind != CONFIG_TOKEN_OPEN) {
        array->kind = token->kind;
        return true;
    }
    config_errors_add(check->errors, place(check, token->line),
                      "%s does not fit into [ ], whose values are all strings, all numbers or all booleans: use ( ) "
                      "for values of several kinds",
                      found(check, token));
    return false;
}

static bool check_open(struct check *check, const struct config_token *token) {
    if (!takes_value(check, token) || !fits_into_array(check, token))
        return false;
    if (check->depth == DEPTH_MAX) {
        config_errors_add(check->errors, place(check, token->line), "brackets are nested more than %d deep", DEPTH_MAX);
        return false;
    }
    check->brackets[++check->depth] = (struct bracket){.open = *token->start, .line = token->line};
    check->expected = is_group(innermost(check)) ? EXPECT_SETTING : EXPECT_FIRST;
    return true;
}

static bool is_partner(const struct bracket *bracket, char close) {
    return bracket->open == (close == ')' ? '(' : close == ']' ? '[' : '{');
}

static bool check_close(struct check *check, const struct config_token *token) {
    const struct bracket *bracket = innermost(check);
    if (check->depth == 0)
        config_errors_add(check->errors, place(check, token->line), "there is no open bracket for this \"%c\"",
                          *token->start);
    else if (!is_partner(bracket, *token->start))
        config_errors_add(check->errors, place(check, token->line), "\"%c\" does not close the \"%c\" of line %d",
                          *token->start, bracket->open, bracket->line);
    else if (check->expected == EXPECT_EQUALS || check->expected == EXPECT_VALUE)
        return misplaced(check, token);
    else {
        check->depth--;
        check->expected = EXPECT_SEPARATOR;
        return true;
    }
    return false;
}

/* Versions of libconfig differ in the octets that they know an escape for, and a NUL byte ends or leaves a string. */
static const char *escape_fault(const struct config_token *token) {
    const char *end = token->start + token->length - 1;
    for (const char *at = token->start + 1; at < end; at++) {
        if (*at != '\\')
            continue;
        at++;
        bool hexadecimal = *at == 'x' || *at == 'X';
        if (hexadecimal && at[1] == '0' && at[2] == '0')
            return "contains a NUL byte (\\x00), which no valid value does";
        if (hexadecimal ? strspn(at + 1, "0123456789abcdefABCDEF") < 2 : strchr("nrtf\\\"", *at) == NULL)
            return "contains an unknown escape: write a backslash as \\\\";
    }
    return NULL;
}

static bool check_scalar(struct check *check, const struct config_token *token) {
    if (!takes_value(check, token) || !fits_into_array(check, token))
        return false;
    check->expected = EXPECT_SEPARATOR;
    return true;
}

static bool check_string(struct check *check, const struct config_token *token) {
    const char *fault = escape_fault(token);
    if (!check_scalar(check, token))
        return false;
    if (fault != NULL)
        config_errors_add(check->errors, place(check, token->line), "%s %s", found(check, token), fault);
    return fault == NULL;
}

/* --- all else ----------------------------------------------------------------------------------------------------- */

static bool check_mark(struct check *check, const struct config_token *token) {
    bool equals = *token->start == '=' || *token->start == ':';
    bool group = is_group(innermost(check));
    bool separates = check->expected == EXPECT_SEPARATOR && (group || *token->start == ',');
    if (equals ? check->expected != EXPECT_EQUALS : !separates)
        return misplaced(check, token);
    check->expected = !equals && group ? EXPECT_SETTING : EXPECT_VALUE;
    return true;
}

static bool check_other(struct check *check, const struct config_token *token) {
    static const char include[] = "@include", byte_order_mark[] = "\xef\xbb\xbf";
    if (strncmp(token->start, include, sizeof(include) - 1) == 0)
        return refuse_text(check, token->line, "@include is not supported: write all settings into one file");
    if (strncmp(token->start, byte_order_mark, sizeof(byte_order_mark) - 1) == 0)
        return refuse_text(check, token->line, "a byte order mark (U+FEFF): save the file as UTF-8 without one");
    return misplaced(check, token);
}

static bool check_end(struct check *check, const struct config_token *token) {
    const struct bracket *bracket = innermost(check);
    if (check->depth == 0)
        return check->expected == EXPECT_SETTING || check->expected == EXPECT_SEPARATOR || misplaced(check, token);
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
        return check_scalar(check, token);
    case CONFIG_TOKEN_MARK:
        return check_mark(check, token);
    case CONFIG_TOKEN_OTHER:
        return check_other(check, token);
    case CONFIG_TOKEN_UNCLOSED_STRING:
        config_errors_add(check->errors, place(check, token->line), "the string that begins here has no end%s",
                          config_hints_of_text(token->start, token->length));
        return false;
    case CONFIG_TOKEN_UNCLOSED_COMMENT:
        return refuse_text(check, token->line, "the comment that begins here has no end");
    case CONFIG_TOKEN_END:
        break;
    }
    return check_end(check, token);
}

bool config_grammar_check(const char *file, const char *text, size_t size, struct config_errors *errors,
                          size_t *value_count) {
    struct check check = {.scanner = {text, text + size, 1}, .file = file, .errors = errors};
    const char *nul = memchr(text, '\0', size);
    if (nul != NULL)
        return refuse_text(&check, 1 + lines_between(text, nul), "a NUL byte: this is not a text file");
    check.brackets[0].open = '{';
    struct config_token token;
    do {
        token = config_tokens_next(&check.scanner);
        if (!check_token(&check, &token))
            return false;
        check.before = token;
    } while (token.kind != CONFIG_TOKEN_END);
    *value_count = check.values;
    return true;
}
