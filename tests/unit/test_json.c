/* JSON strings: an independent parser (jansson, which rejects what is not UTF-8) reads back what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "originbypass/guest/json.h"

#define REPLACEMENT "\xEF\xBF\xBD"
#define GUARD '#'
#define GUARDS 8

/** The text as written. Guards after `limit` show whether anything beyond it was changed. */
static char octets[64 * 1024];
static struct json_text written;

static struct json_text *with_limit(size_t limit) {
    assert_true(limit + GUARDS <= sizeof(octets));
    memset(octets + limit, GUARD, GUARDS);
    written = (struct json_text){.octets = octets, .limit = limit};
    return &written;
}

static void assert_limit_kept(void) {
    assert_true(written.length <= written.limit);
    for (size_t i = written.limit; i < written.limit + GUARDS; i++)
        assert_int_equal(octets[i], GUARD);
}

static json_t *parsed(void) {
    json_error_t error;
    json_t *value = json_loadb(octets, written.length, JSON_DECODE_ANY, &error);
    if (value == NULL)
        fail_msg("%s at octet %d of: %.*s", error.text, error.position, (int)written.length, octets);
    return value;
}

static const char *written_text(void) {
    octets[written.length] = '\0';
    return octets;
}

static void assert_reads_back(const char *text, const char *expected) {
    assert_true(json_append_string(with_limit(sizeof(octets) - GUARDS), text));
    json_t *value = parsed();
    assert_string_equal(json_string_value(value), expected);
    json_decref(value);
}

/** Append a code point to `text` as UTF-8; returns the end. */
static char *encode(char *text, unsigned code) {
    if (code < 0x80) {
        *text++ = (char)code;
    } else if (code < 0x800) {
        *text++ = (char)(0xC0 | code >> 6);
        *text++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *text++ = (char)(0xE0 | code >> 12);
        *text++ = (char)(0x80 | (code >> 6 & 0x3F));
        *text++ = (char)(0x80 | (code & 0x3F));
    } else {
        *text++ = (char)(0xF0 | code >> 18);
        *text++ = (char)(0x80 | (code >> 12 & 0x3F));
        *text++ = (char)(0x80 | (code >> 6 & 0x3F));
        *text++ = (char)(0x80 | (code & 0x3F));
    }
    *text = '\0';
    return text;
}

static void every_character_of_unicode_reads_back_as_itself(void **state) {
    (void)state;
    char text[4096];
    char *end = text;
    for (unsigned code = 1; code <= 0x10FFFF; code++) {
        if (code < 0xD800 || code > 0xDFFF)
            end = encode(end, code);
        if (end - text > 2048 || code == 0x10FFFF) {
            assert_reads_back(text, text);
            end = text;
        }
    }
}

static void quotes_and_backslashes_and_control_characters_are_escaped(void **state) {
    (void)state;
    const struct {
        const char *text, *json;
    } cases[] = {
        {"", "\"\""},
        {"a/b", "\"a/b\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\r\t", "\"\\n\\r\\t\""},
        {"\x01\x08\x0c\x1b\x1f", "\"\\u0001\\u0008\\u000c\\u001b\\u001f\""},
        {"\x7f\xC2\x80\xC2\x9b\xC2\x9f", "\"\\u007f\\u0080\\u009b\\u009f\""},
        {" ~\xC2\xA0", "\" ~\xC2\xA0\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(json_append_string(with_limit(100), cases[i].text));
        assert_string_equal(written_text(), cases[i].json);
    }
}

#define R1 REPLACEMENT
#define R2 R1 R1
#define R3 R2 R1
#define R4 R2 R2

static void what_is_not_utf8_becomes_replacement_characters(void **state) {
    (void)state;
    const struct {
        const char *text, *expected;
    } cases[] = {
        {"\x80", R1},                                             /* a continuation octet without a first one */
        {"\xBF\x80z", R2 "z"},                                    /* two of them */
        {"\xFE\xFF", R2},                                         /* never in UTF-8 */
        {"\xC0\xAF", R2},                                         /* overlong '/' */
        {"\xC1\xBF", R2},                                         /* overlong DEL */
        {"\xE0\x80\xAF", R3},                                     /* overlong '/' in three */
        {"\xE0\x9F\xBF", R3},                                     /* overlong U+07FF */
        {"\xF0\x80\x80\xAF", R4},                                 /* overlong '/' in four */
        {"\xF0\x8F\xBF\xBF", R4},                                 /* overlong U+FFFF */
        {"\xED\xA0\x80", R3},                                     /* the first surrogate */
        {"\xED\xBF\xBF", R3},                                     /* the last one */
        {"\xED\xA0\xBD\xED\xB8\x80", R3 R3},                      /* a pair of them */
        {"\xED\x9F\xBF\xEE\x80\x80", "\xED\x9F\xBF\xEE\x80\x80"}, /* the characters around them */
        {"\xF4\x90\x80\x80", R4},                                 /* beyond U+10FFFF */
        {"\xF5\x80\x80\x80", R4},
        {"\xF8\x88\x80\x80\x80", R4 R1}, /* five octets */
        {"\xC3", R1},                    /* truncated at the end */
        {"\xE2\x82", R1},
        {"\xF0\x9F\x98", R1},
        {"\xE2\x82z", R1 "z"}, /* truncated by another character */
        {"\xF0\x9F\x98z", R1 "z"},
        {"\xC3\xC3\xA9", R1 "\xC3\xA9"},
        {"\xE2\x28\xA1", R1 "(" R1},
        {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "a" R3 "b" R1 "c" R2 "d"}, /* Unicode, table 3-8 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_reads_back(cases[i].text, cases[i].expected);
}

static void every_sequence_of_octets_is_valid_json(void **state) {
    (void)state;
    static const unsigned char others[] = {'a', '"', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xF4};
    for (unsigned first = 1; first < 256; first++)
        for (unsigned second = 1; second < 256; second++)
            for (size_t i = 0; i < sizeof(others); i++) {
                const char text[] = {(char)first, (char)second, (char)others[i], (char)others[sizeof(others) - i - 1],
                                     0};
                assert_true(json_append_string(with_limit(64), text));
                json_decref(parsed());
            }
}

static void a_string_that_does_not_fit_is_not_begun(void **state) {
    (void)state;
    const char *texts[] = {"", "plain", "\x01\x02", "\xC3\xA9\xF0\x9F\x98\x80", "\xFF", "\"\""};
    const size_t sizes[] = {2, 7, 14, 8, 5, 6};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t limit = 0; limit < 32; limit++) {
            assert_int_equal(json_append_string(with_limit(limit), texts[i]), limit >= sizes[i]);
            assert_int_equal(written.length, limit >= sizes[i] ? sizes[i] : 0);
            assert_int_equal(written.limit, limit);
            assert_limit_kept();
        }
}

static void a_cut_string_has_as_many_whole_characters_as_fit(void **state) {
    (void)state;
    const char *text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\x01\xFFz";
    const char *prefixes[] = {"",
                              "a",
                              "a\xC3\xA9",
                              "a\xC3\xA9\xE2\x82\xAC",
                              "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                              "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n",
                              "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\x01",
                              "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\x01" REPLACEMENT,
                              "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\n\x01" REPLACEMENT "z"};
    const size_t sizes[] = {2, 3, 5, 8, 12, 14, 20, 23, 24};
    size_t fits = 0;
    for (size_t limit = 0; limit < 32; limit++) {
        while (fits + 1 < sizeof(sizes) / sizeof(sizes[0]) && sizes[fits + 1] <= limit)
            fits++;
        bool appended = json_append_cut_string(with_limit(limit), text);
        assert_int_equal(appended, limit >= 2);
        assert_limit_kept();
        if (appended) {
            json_t *value = parsed();
            assert_string_equal(json_string_value(value), prefixes[fits]);
            json_decref(value);
        } else {
            assert_int_equal(written.length, 0);
        }
    }
}

static void numbers_read_back_as_themselves_or_do_not_fit(void **state) {
    (void)state;
    const int64_t numbers[] = {0, 7, -7, 10, 1234567890, INT64_MAX, INT64_MIN};
    const size_t sizes[] = {1, 1, 2, 2, 10, 19, 20};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        for (size_t limit = 0; limit < 24; limit++) {
            bool fits = limit >= sizes[i];
            assert_int_equal(json_append_number(with_limit(limit), numbers[i]), fits);
            assert_int_equal(written.length, fits ? sizes[i] : 0);
            assert_limit_kept();
            if (fits) {
                json_t *value = parsed();
                assert_true(json_integer_value(value) == numbers[i]);
                json_decref(value);
            }
        }
}

static void pieces_stand_behind_each_other(void **state) {
    (void)state;
    struct json_text *json = with_limit(20);
    assert_true(json_append(json, "["));
    assert_true(json_append_number(json, -1));
    assert_true(json_append(json, ","));
    assert_true(json_append_string(json, "x"));
    assert_false(json_append(json, ",\"too long a piece\"]"));
    assert_true(json_append(json, "]"));
    assert_string_equal(written_text(), "[-1,\"x\"]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_of_unicode_reads_back_as_itself),
        cmocka_unit_test(quotes_and_backslashes_and_control_characters_are_escaped),
        cmocka_unit_test(what_is_not_utf8_becomes_replacement_characters),
        cmocka_unit_test(every_sequence_of_octets_is_valid_json),
        cmocka_unit_test(a_string_that_does_not_fit_is_not_begun),
        cmocka_unit_test(a_cut_string_has_as_many_whole_characters_as_fit),
        cmocka_unit_test(numbers_read_back_as_themselves_or_do_not_fit),
        cmocka_unit_test(pieces_stand_behind_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
