#include "originbypass/config/prefix.h"

const char *config_prefix_parse(const struct config_reader *reader, const char *text, size_t length,
                                struct prefix_entry *entry) {
    char expected[PREFIX_TEXT_SIZE];
    switch (prefix_parse(text, length, entry)) {
    case PREFIX_GOOD:
        break;
    case PREFIX_NO_ADDRESS:
        return "is neither a prefix nor a set: expected ADDRESS, ADDRESS/LENGTH, \"cloudflare\", \"private\", "
               "\"bogon\" or "
               "\"file:/ABSOLUTE/PATH\"";
    case PREFIX_NO_LENGTH:
        return arena_print(reader->scratch, "has a bad length after the slash: expected 0 to %u",
                           entry->address.family == AF_INET ? 32U : 128U);
    case PREFIX_HOST_BITS:
        prefix_text(entry, expected);
        return arena_print(reader->scratch, "has bits set after its length: expected %s", expected);
    }
    return NULL;
}
