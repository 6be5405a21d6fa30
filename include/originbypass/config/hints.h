#ifndef ORIGINBYPASS_CONFIG_HINTS_H
#define ORIGINBYPASS_CONFIG_HINTS_H

#include <stddef.h>

#include "originbypass/config/tokens.h"

/**
 * What probably went wrong before a token that does not fit, to be added to an error: it begins with ": ". Empty if
 * there is nothing to say. `before` is the token before it, and `open` the innermost bracket that is open, `{` for the
 * file itself. Static text. Thread-safe.
 */
const char *config_hints_of_token(const struct config_token *token, const struct config_token *before, char open);

/** The same for text that may begin with, or contain, a character that editors and chats put in place of an ASCII one,
 * such as a curly quote. */
const char *config_hints_of_text(const char *text, size_t length);

#endif
