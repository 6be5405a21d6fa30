# shellcheck shell=bash
# For the tests that compare the documents with what the programs do: reads blocks, lists and tables from the README and
# from the manual pages. Sourced after check.sh, which sets top. PAGE is the name of a file in preload/man.
# shellcheck disable=SC2154

manual=$top/preload/man

# readme_section SECTION: the text of the section "## SECTION".
readme_section() {
    awk -v section="## $1" '/^```/ { block = !block } /^## / && !block { here = $0 == section; next } here' "$top/README.md" |
        grep .
}

# readme_block SECTION WORD: the first block between fences in the section "## SECTION" that has the word in it.
readme_block() {
    awk -v section="## $1" -v word="$2" '/^## / && !block { here = $0 == section }
        /^```/ { block = !block; if (!block && index(text, word)) { printf "%s", text; found = 1; exit } text = ""; next }
        here && block { text = text $0 "\n" } END { exit !found }' "$top/README.md"
}

# readme_cells SECTION: the first cell of each row of the section's tables, without backquotes.
# shellcheck disable=SC2016 # backquotes of Markdown
readme_cells() { readme_section "$1" | sed -n '/^| ---/d; s/^| `\{0,1\}\([^|`]*\)`\{0,1\}.*/\1/p'; }

# manual_section PAGE SECTION: the source of the section (.Sh or .Ss) with this heading.
manual_section() {
    awk -v section="$2" '/^\.Sh / || (/^\.Ss / && here != 1) { here = 0 }
        /^\.Ss / && here == 1 && level == "Ss" { here = 0 }
        /^\.S[hs] / && substr($0, 5) == section { here = 1; level = substr($0, 2, 2); found = 1; next }
        here { print } END { exit !found }' "$manual/$1"
}

# manual_block PAGE SECTION WORD: the first literal display in the section that has the word in it, as it is shown.
manual_block() {
    manual_section "$1" "$2" | awk -v word="$3" '/^\.Bd -literal/ { block = 1; text = ""; next }
        /^\.Ed/ { if (block && index(text, word)) { printf "%s", text; found = 1; exit } block = 0 }
        block { text = text $0 "\n" } END { exit !found }' | shown
}

# manual_items PAGE SECTION: the tags of the section's lists, a line for each.
manual_items() { manual_section "$1" "$2" | sed -n 's/^\.It //p' | shown | without_macros; }

# manual_list PAGE SECTION: the same with the item's text, as "TAG: TEXT"; the number in parentheses at the end of a tag,
# a version, is left out. Only the section's first list.
manual_list() {
    manual_section "$1" "$2" | shown | without_macros | awk '/^\.El/ { exit }
        /^\.It / { if (tag != "") print tag ":" text; tag = substr($0, 5); sub(/ \([0-9.]+\)$/, "", tag); text = ""; next }
        tag != "" { text = text " " $0 } END { if (tag != "") print tag ":" text }'
}

# The lines as they are shown: without the escapes of the source, and with continued lines joined.
shown() {
    sed -e ':join' -e '/\\$/ { N; s/\\\n//; b join' -e '}' \
        -e "s/\\\\&//g; s/\\\\(dq/\"/g; s/\\\\(aq/'/g; s/\\\\-/-/g; s/\\\\e/\\\\/g"
}

# Removes the macros from the lines; "Fl x" becomes -x, and "Pq x" (x).
without_macros() {
    sed -E '/^\.(It|El|Bl|Sh|Ss)/!s/^\.//; s/(^|[ .])Pq ([^ ]+)/\1(\2)/g; s/(^| )Fl ([^ ]+)/\1-\2/g
        s/(^| )((Ic|Li|Ql|Pa|Ev|Dv|Ar|Cm|No|Xr|Sx|Em|Sy) )+/\1/g; s/ ([.,;:])( |$)/\1\2/g'
}
