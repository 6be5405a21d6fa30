#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "originbypass/values/address.h"

/* How addresses of servers are read, and how they are written again. */
static void servers_are_read_and_written(void **state) {
    (void)state;
    static const struct {
        const char *text, *written;
        int family, port;
    } table[] = {
        {"8.8.8.8", "8.8.8.8", AF_INET, 53},
        {"8.8.8.8:53", "8.8.8.8", AF_INET, 53},
        {"8.8.8.8:1", "8.8.8.8:1", AF_INET, 1},
        {"127.0.0.1:65535", "127.0.0.1:65535", AF_INET, 65535},
        {"127.0.0.1:00053", "127.0.0.1", AF_INET, 53},
        {"2001:db8::53", "2001:db8::53", AF_INET6, 53},
        {"2001:DB8:0:0::1", "2001:db8::1", AF_INET6, 53},
        {"[2001:db8::53]:53", "2001:db8::53", AF_INET6, 53},
        {"[2001:db8::53]:5353", "[2001:db8::53]:5353", AF_INET6, 5353},
        {"[::1]", "::1", AF_INET6, 53},
        {"2001:db8::1:53", "2001:db8::1:53", AF_INET6, 53},
        {"[1111:2222:3333:4444:5555:6666:123.123.123.123]:65535", "[1111:2222:3333:4444:5555:6666:7b7b:7b7b]:65535",
         AF_INET6, 65535},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct server_address server;
        char text[SERVER_ADDRESS_TEXT_SIZE];
        const char *fault = server_address_parse(table[i].text, &server);
        if (fault != NULL)
            fail_msg("%s %s", table[i].text, fault);
        assert_int_equal(server.address.family, table[i].family);
        assert_int_equal(server.port, table[i].port);
        server_address_text(&server, text);
        assert_string_equal(text, table[i].written);
    }
}

static void what_is_no_server_is_refused_with_its_reason(void **state) {
    (void)state;
    static const struct {
        const char *text, *reason;
    } table[] = {
        {"", "is not an IP address"},
        {":53", "is not an IP address"},
        {"dns.google", "is not an IP address"},
        {"dns.google:53", "is not an IP address"},
        {"8.8.8", "is not an IP address"},
        {"8.8.8.8.8", "is not an IP address"},
        {"8.8.8.256", "is not an IP address"},
        {"0x8.8.8.8", "is not an IP address"},
        {" 8.8.8.8", "is not an IP address"},
        {"8.8.8.8 ", "is not an IP address"},
        {"[8.8.8.8]:53", "is not an IP address"},
        {"[::1", "is not an IP address"},
        {"::1]:53", "is not an IP address"},
        {"[::1]53", "is not an IP address"},
        {"[[::1]]:53", "is not an IP address"},
        {"[]:53", "is not an IP address"},
        {"[", "is not an IP address"},
        {"]", "is not an IP address"},
        {"2001:db8", "is not an IP address"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", "is not an IP address"},
        {"1111:2222:3333:4444:5555:6666:123.123.123.1234", "is not an IP address"},
        {"8.8.8.8:", "has a bad port"},
        {"8.8.8.8:0", "has a bad port"},
        {"8.8.8.8:65536", "has a bad port"},
        {"8.8.8.8:000053", "has a bad port"},
        {"8.8.8.8:+53", "has a bad port"},
        {"8.8.8.8:53x", "has a bad port"},
        {"8.8.8.8:99999999999999999999", "has a bad port"},
        {"[::1]:", "has a bad port"},
        {"[::1]:dns", "has a bad port"},
        {"fe80::1%eth0", "has a scope"},
        {"[fe80::1%2]:53", "has a scope"},
        {"fe80::1", "is link-local"},
        {"0.0.0.0", "is not the address of one server"},
        {"255.255.255.255", "is not the address of one server"},
        {"224.0.0.251:5353", "is not the address of one server"},
        {"::", "is not the address of one server"},
        {"[ff02::fb]:5353", "is not the address of one server"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct server_address server;
        const char *fault = server_address_parse(table[i].text, &server);
        if (fault == NULL)
            fail_msg("accepted: %s", table[i].text);
        if (strstr(fault, table[i].reason) == NULL)
            fail_msg("%s\nexpected: %s\n     got: %s", table[i].text, table[i].reason, fault);
    }
}

static void addresses_are_read_without_anything_else(void **state) {
    (void)state;
    static const char *const bad[] = {"", "8.8.8.8:53", "[::1]", "::1%1", "8.8.8.8/32", "1", "a.example.com"};
    struct address address;
    assert_true(address_parse("192.0.2.1", &address));
    assert_int_equal(address.family, AF_INET);
    assert_int_equal(ntohl(address.ipv4.s_addr), 0xc0000201);
    assert_true(address_parse("::ffff:192.0.2.1", &address));
    assert_int_equal(address.family, AF_INET6);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(address_parse(bad[i], &address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_read_and_written),
        cmocka_unit_test(what_is_no_server_is_refused_with_its_reason),
        cmocka_unit_test(addresses_are_read_without_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
