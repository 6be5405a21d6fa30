#include "originbypass/command/dns/local_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/text.h"

static const char BLANKS[] = " \t\r", HOSTS[] = "/etc/hosts", RESOLV_CONF[] = "/etc/resolv.conf";

/* --- /etc/hosts --------------------------------------------------------------------------------------------------- */

/* An address, and then its names. A name may end with a dot where libc's caller had one. */
static bool is_line_of(char *line, const char *host, const struct address_set *set) {
    char *rest = NULL;
    line[strcspn(line, "#")] = '\0';
    const char *field = strtok_r(line, BLANKS, &rest);
    struct address address;
    if (field == NULL || !address_parse(field, &address) || !address_set_has(set, &address))
        return false;
    while ((field = strtok_r(NULL, BLANKS, &rest)) != NULL)
        if (strcasecmp(field, host) == 0)
            return true;
    return false;
}

char *local_files_place(const char *host, const struct address_set *set) {
    char *text = file_text(HOSTS, NULL), *rest = text, *place = NULL;
    unsigned number = 0;
    for (char *line; text != NULL && place == NULL && (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (is_line_of(line, host, set))
            place = text_format("%s, line %u", HOSTS, number);
    }
    free(text);
    return place;
}

/* --- /etc/resolv.conf --------------------------------------------------------------------------------------------- */

/* The next name server; NULL: none is left. */
static const char *next_nameserver(char **rest) {
    for (char *line; *rest != NULL && (line = strsep(rest, "\n")) != NULL;) {
        char *words = NULL;
        const char *keyword = strtok_r(line, BLANKS, &words);
        const char *server = keyword == NULL ? NULL : strtok_r(NULL, BLANKS, &words);
        if (server != NULL && strcmp(keyword, "nameserver") == 0)
            return server;
    }
    return NULL;
}

char *local_files_search(void) {
    char *text = file_text(RESOLV_CONF, NULL), *rest = text, *search = NULL;
    for (char *line; text != NULL && (line = strsep(&rest, "\n")) != NULL;) {
        char *words = NULL;
        const char *keyword = strtok_r(line, BLANKS, &words);
        if (keyword == NULL || (strcmp(keyword, "search") != 0 && strcmp(keyword, "domain") != 0))
            continue;
        free(search); /* the last one counts */
        search = text_format("%s", words);
    }
    free(text);
    return search;
}

const char *local_files_fault(void) {
    char *text = file_text(RESOLV_CONF, NULL), *rest = text;
    const char *fault = NULL;
    if (text == NULL)
        fault = errno == ENOENT ? "/etc/resolv.conf does not exist" : "/etc/resolv.conf cannot be read";
    else if (next_nameserver(&rest) == NULL)
        fault = "/etc/resolv.conf names no name server";
    free(text);
    return fault;
}

size_t local_files_servers(struct server_address *servers, size_t most) {
    char *text = file_text(RESOLV_CONF, NULL), *rest = text;
    const char *named;
    size_t count = 0;
    while (text != NULL && count < most && (named = next_nameserver(&rest)) != NULL)
        count += server_address_parse(named, &servers[count]) == NULL;
    if (count == 0 && most > 0 && server_address_parse("127.0.0.1", &servers[0]) == NULL)
        count = 1;
    free(text);
    return count;
}

bool local_files_name(const struct server_address *server) {
    char *text = file_text(RESOLV_CONF, NULL), *rest = text;
    const char *named;
    bool found = false;
    while (text != NULL && !found && (named = next_nameserver(&rest)) != NULL) {
        struct server_address other;
        found = server_address_parse(named, &other) == NULL && server_address_equal(&other, server);
    }
    free(text);
    return found;
}
