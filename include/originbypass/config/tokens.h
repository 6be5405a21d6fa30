#ifndef ORIGINBYPASS_CONFIG_TOKENS_H
#define ORIGINBYPASS_CONFIG_TOKENS_H

#include <stddef.h>

/** The text of a configuration file, cut into tokens. */
enum config_token_kind {
    CONFIG_TOKEN_END,
    CONFIG_TOKEN_NAME,             /**< of a setting, or a word that may have been meant as one */
    CONFIG_TOKEN_NUMBER,           /**< whatever begins like one, to where no number could go on */
    CONFIG_TOKEN_BOOLEAN,          /**< true or false, in any case */
    CONFIG_TOKEN_STRING,           /**< with its quotes */
    CONFIG_TOKEN_OPEN,             /**< ( [ { */
    CONFIG_TOKEN_CLOSE,            /**< ) ] } */
    CONFIG_TOKEN_MARK,             /**< = : , ; */
    CONFIG_TOKEN_UNCLOSED_STRING,  /**< to the end of the text */
    CONFIG_TOKEN_UNCLOSED_COMMENT, /**< likewise */
    CONFIG_TOKEN_OTHER,            /**< an octet that begins nothing */
};
struct config_token {
    enum config_token_kind kind;
    const char *start;
    size_t length;
    int line; /**< of its first octet */
};

/** How far the scanning of a text is. Begin with {text, text + size, 1}. */
struct config_scanner {
    const char *at, *end;
    int line;
};

/** The next token. White space and comments are passed over. */
struct config_token config_tokens_next(struct config_scanner *scanner);

/** The next number, boolean or string, or CONFIG_TOKEN_END. */
struct config_token config_tokens_next_value(struct config_scanner *scanner);

#endif
