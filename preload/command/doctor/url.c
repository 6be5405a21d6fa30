#include "originbypass/command/doctor/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

static char *copy_part(const char *from, size_t length) {
    return text_format("%.*s", (int)length, from);
}

/* Splits `HOST`, `HOST:PORT`, `[V6]` and `[V6]:PORT`. */
static bool split(const char *authority, size_t length, struct url *url) {
    bool bracketed = length > 0 && authority[0] == '[';
    const char *end = authority + length;
    const char *host_end = memchr(authority, bracketed ? ']' : ':', length);
    if (host_end == NULL && bracketed)
        return false;
    const char *port = host_end == NULL ? end : host_end + bracketed;
    const char *host = authority + bracketed;
    size_t host_length = (size_t)((host_end == NULL ? end : host_end) - host);
    if (host_length == 0 || (port < end && port[0] != ':'))
        return false;
    url->host = copy_part(host, host_length);
    url->port = port + 1 < end ? copy_part(port + 1, (size_t)(end - port - 1)) : memory_text(url->tls ? "443" : "80");
    return true;
}

static bool is_port(const char *text) {
    size_t digits = strspn(text, "0123456789");
    unsigned long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
    return port > 0 && port <= UINT16_MAX;
}

bool url_parse(const char *text, struct url *url) {
    *url = (struct url){.tls = strncasecmp(text, "https://", 8) == 0};
    if (!url->tls && strncasecmp(text, "http://", 7) != 0)
        return false;
    const char *authority = strstr(text, "://") + 3;
    size_t length = strcspn(authority, "/?#");
    const char *user_end = memrchr(authority, '@', length);
    if (user_end != NULL) {
        length -= (size_t)(user_end + 1 - authority);
        authority = user_end + 1;
    }
    if (split(authority, length, url) && is_port(url->port))
        return true;
    url_free(url);
    return false;
}

void url_free(struct url *url) {
    free(url->host);
    free(url->port);
    *url = (struct url){0};
}
