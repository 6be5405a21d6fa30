# shellcheck shell=bash
# The names of the differential test. Their records are in world/test.zone, except for those that are too long to write out.

# shellcheck disable=SC2034 # used by the file that sources this one

repeated() { printf "%0$2d" 0 | tr 0 "$1"; }

label_63=$(repeated l 63)
longest=$(repeated n 63).$(repeated o 63).$(repeated p 63).$(repeated q 56).test
longest_alias=$(repeated r 63).$(repeated s 63).$(repeated t 63).$(repeated u 56).test
longest_v6=$(repeated v 63).$(repeated w 63).$(repeated x 63).$(repeated y 56).test
many_labels=$(printf 'z.%.0s' {1..124})test

# Zone entries that are too long to write out.
long_names() {
    printf '%s. A 192.0.2.60\n%s. AAAA 2001:db8::60\n' "$label_63.test" "$label_63.test"
    printf '%s. A 192.0.2.61\n%s. AAAA 2001:db8::61\n' "$longest" "$longest_v6"
    printf '%s. CNAME %s.\nlongchain.test. CNAME %s.\n' "$longest_alias" "$longest" "$longest_alias"
    printf '%s. A 192.0.2.62\n' "$many_labels"
    printf 'sixty6.test. AAAA 2001:db8:%x::%x\n' {1..120}
    local i
    for ((i = 1; i < 30; i++)); do printf 'link%d.test. CNAME Link%d.test.\n' "$i" $((i + 1)); done
    printf 'link30.test. A 192.0.2.63\n'
}

# Names for which libc and we ask DNS. The first two are tried most often. The last label of an alias is in lower case, as
# we ask: a server that compresses a target onto the question gives it the spelling of the question.
asked=(
    dual.test three.test
    test v4.test v6.test several.test sixty.example.com crowd.example.com sixty6.test
    uniquelocal.test linklocal.test mapped.test mappedboth.test compatible.test loopback.test any.test multicast.test
    zero.test text.test mixed.test MIXED.tEsT Dual.Test
    _srv.test _443._tcp.test under_score.test double--dash-.test 3com.test 123.test beef.test sub.-dash.test
    xn--bcher-kva.test xn--99zzzz99.test deep.er.and.deep.er.still.test and.deep.er.still.test
    some.wild.test some.thing.wild.test SOME.Wild.test exists.wild.test wild.test any.wildalias.test
    one.test two.test uppertarget.test UpperTARGET.test tounderscore.test frombad.test throughbad.test todash.test
    badtobad.test tov4.test tov6.test tosixty.test tocrowd.test tozero.test towild.test out.test tosingle.test
    dangling.test danglingchain.test norecord.test norecordchain.test loop.test loopa.test intoloop.test
    nosuch.test no.such.test below.v4.test nosuch
    dual.test. v6.test. three.test. nosuch.test. text.test. dangling.test.
    single single. Single singlealias singletext _ a
    printer.local db.internal nas.home.arpa web.svc api.cluster.local app.localhost
    "$label_63.test" "$longest" "$longest." "$longest_v6" "$longest_alias" longchain.test "$many_labels"
    link1.test link25.test
)

# Rules for the names that `*` does not match.
own_rules=(
    test single singlealias singletext _ a nosuch
    printer.local db.internal nas.home.arpa web.svc api.cluster.local app.localhost
)

# Names whose canonical name is shown in other characters than ASCII, or deliberately is not.
shown_in_a_locale=(
    xn--bcher-kva.test toshown.test XN--Bcher-KVA.Test. xn--bcher-kva.xn--99zzzz99.wild.test xn--99zzzz99.test tonotshown.test dual.test
)

# Names in /etc/hosts, for which nobody is asked. With an invalid family, libc ends the process for them.
in_hosts=(localhost LOCALHOST ip6-localhost)

# Names for which nobody is asked, because they are addresses.
addresses=(
    ''
    192.0.2.1 127.0.0.1 0.0.0.0 255.255.255.255 1.2.3.4 1.2.3 1.2 127.1 1 0 4294967295
    ::1 :: 2001:db8::1 2001:DB8:0:0::1 ::ffff:192.0.2.1 ::192.0.2.1 fe80::1 fe80::1%lo fe80::1%1 ff02::1%lo 2001:db8::1%lo ::1%1
    fe80::1%0 fe80::1%99 1:2:3:4:5:6:7:8
)

# Names for which nobody is asked, because they are not host names. They are libc's.
no_names=(
    -dash.test --help.test - 'a b.test' ' dual.test' 'dual.test ' $'dual.test\n' $'dual\ttest' 'bang!.test' 'a/b.test' 'a@b.test'
    '*.test' '*' 'a*b.test' .test ..test a..test dual.test.. .dual.test .. ...
    'x\046y.test' 'dual\.test' '"dual".test' 'dual.test:443' '[dual.test]' 'dual.test#53' '%.test'
    bücher.test $'b\xfccher.test' $'\xff\xfe.test' ΠΑΡΑ.test 'ｄｕａｌ.test' $'\x01.test' $'dual.test\x7f' '☃'
    "l$label_63.test" "l$longest" "l$longest." "$longest.." "$longest.test" "$(repeated k 1025)" "$(repeated k 300).test"
    fe80::1%nosuch '::1%' 1:2:3:4:5:6:7:8:9 1::2::3 12345::1 ::g : ':::' '::1.' '::1 ' '::ffff:1.2.3'
    '[::1]' '[192.0.2.1]' '192.0.2.1 ' ' 192.0.2.1' '192.0.2.1 foo' '192.0.2.1/24' '192.0.2.1:80'
)

# Names that are libc's although DNS is asked for them: addresses in notations that one of the functions does not know, the
# root, names that `*` does not match, and names of onion services, for which c-ares asks nobody (RFC 7686). With its DNS
# dead, libc cannot give its usual answer for them.
asked_by_libc=(
    . '\100ual.test' 1.2.3.4. 256.1.1.1 1.2.3.4.5 1.2.3.256 4294967296 1.2.65536 0x7f.1 0x7f000001 0X7F.0.0.1 0177.0.0.1 010.1 08.1 0x 0xg 1.2.3.0x4
    00000000001.2.3.4 1.2.3.4a
    unlisted unlisted.local nosuch.local nosuch.internal hidden.onion localhost.
)

# Names for buffers of every size.
sized=(
    v4.test v6.test dual.test sixty.example.com sixty6.test three.test throughbad.test todash.test tosixty.test link25.test Dual.Test. one.test
    text.test nosuch.test dangling.test single
    "$longest" "$longest_alias" 192.0.2.1 127.1 ::1 3com.test beef.test a -dash.test
)
