#include "originbypass/config/hints.h"

#include <stdbool.h>
#include <string.h>

/* Characters that editors and chats put in place of ASCII ones, in UTF-8. */
static const struct {
    const char *character, *hint;
} LOOKALIKES[] = {
    {"\xe2\x80\x9c", ": this is a curly quote; use \" instead"},
    {"\xe2\x80\x9d", ": this is a curly quote; use \" instead"},
    {"\xe2\x80\x9e", ": this is a curly quote; use \" instead"},
    {"\xe2\x80\x98", ": this is a curly quote; use \" instead"},
    {"\xe2\x80\x99", ": this is a curly quote; use \" instead"},
    {"\xc2\xab", ": this is an angle quote; use \" instead"},
    {"\xc2\xbb", ": this is an angle quote; use \" instead"},
    {"\xef\xbc\x8c", ": this is not an ASCII comma; use , instead"},
    {"\xe3\x80\x81", ": this is not an ASCII comma; use , instead"},
    {"\xef\xbc\x9b", ": this is not an ASCII semicolon; use ; instead"},
    {"\xc2\xa0", ": this is a no-break space (U+00A0), which looks like a blank; use a blank instead"},
    {"\xe2\x80\x8b", ": this is an invisible character (U+200B); delete it"},
    {"\xef\xbb\xbf", ": this is an invisible character (U+FEFF); delete it"},
};

enum { LOOKALIKE_COUNT = sizeof(LOOKALIKES) / sizeof(LOOKALIKES[0]) };

static const char *lookalike_at(const char *text, size_t length) {
    for (size_t i = 0; i < LOOKALIKE_COUNT; i++) {
        size_t size = strlen(LOOKALIKES[i].character);
        if (size <= length && memcmp(text, LOOKALIKES[i].character, size) == 0)
            return LOOKALIKES[i].hint;
    }
    return NULL;
}

const char *config_hints_of_text(const char *text, size_t length) {
    const char *hint = NULL;
    for (size_t i = 0; i < length && hint == NULL; i++)
        hint = lookalike_at(text + i, length - i);
    return hint == NULL ? "" : hint;
}

static bool is_mark(const struct config_token *token, char mark) {
    return token->kind == CONFIG_TOKEN_MARK && *token->start == mark;
}

const char *config_hints_of_token(const struct config_token *token, const struct config_token *before, char open) {
    if (token->kind == CONFIG_TOKEN_OTHER) {
        const char *hint = lookalike_at(token->start, strlen(token->start));
        return hint != NULL ? hint : *token->start == '\'' ? ": single quotes do not work here; use \"" : "";
    }
    if (before->kind == CONFIG_TOKEN_STRING && memchr(before->start, '\n', before->length) != NULL)
        return ": the string before it spans several lines, so its closing quote is probably missing";
    if (token->kind == CONFIG_TOKEN_CLOSE && is_mark(before, ','))
        return ": remove the comma before it";
    if (is_mark(token, ';') && open != '{')
        return ": the values of a list are separated by commas";
    if (token->kind == CONFIG_TOKEN_NAME && (is_mark(before, '=') || is_mark(before, ':') || open != '{'))
        return ": text needs double quotes";
    return "";
}
