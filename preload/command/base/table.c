#include "originbypass/command/base/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"

struct table_cell {
    char *text;
    enum style style;
};

struct table {
    size_t columns, headings; /* `headings`: the number of cells that are headings */
    size_t count, room;
    struct table_cell *cells;
};

struct table *table_new(size_t columns, const char *const *headings) {
    struct table *table = memory_zeroed(1, sizeof(*table));
    table->columns = columns;
    for (size_t i = 0; headings != NULL && i < columns; i++)
        table_add(table, STYLE_HEAD, headings[i]);
    table->headings = table->count;
    return table;
}

void table_add(struct table *table, enum style style, const char *text) {
    if (table->count == table->room) {
        table->room = table->room * 2 + 32;
        table->cells = memory_resize(table->cells, table->room, sizeof(table->cells[0]));
    }
    table->cells[table->count++] = (struct table_cell){text_escape(text), style};
}

static size_t width_of(const struct table *table, size_t column) {
    size_t width = 0;
    for (size_t i = column; i < table->count; i += table->columns) {
        size_t length = strlen(table->cells[i].text);
        if (length > width)
            width = length;
    }
    return width;
}

static bool is_numeric(const struct table *table, size_t column) {
    bool any = false;
    for (size_t i = table->headings + column; i < table->count; i += table->columns) {
        const char *text = table->cells[i].text;
        if (text[strspn(text, "0123456789.")] != '\0')
            return false;
        any = any || text[0] != '\0';
    }
    return any;
}

static void print_cell(const struct table_cell *cell, FILE *stream, size_t width, bool right, bool last) {
    int padding = (int)(width - strlen(cell->text));
    fprintf(stream, "%*s%s%s%s", right ? padding : 0, "", style_begin(stream, cell->style), cell->text,
            style_end(stream, cell->style));
    if (last)
        fputc('\n', stream);
    else
        fprintf(stream, "%*s", (right ? 0 : padding) + 2, "");
}

void table_print(const struct table *table, FILE *stream) {
    size_t *widths = memory_zeroed(table->columns, sizeof(*widths));
    bool *right = memory_zeroed(table->columns, sizeof(*right));
    for (size_t column = 0; column < table->columns; column++) {
        widths[column] = width_of(table, column);
        right[column] = is_numeric(table, column);
    }
    for (size_t row = 0; row < table->count; row += table->columns)
        for (size_t column = 0; column < table->columns; column++)
            print_cell(&table->cells[row + column], stream, widths[column], right[column],
                       column + 1 == table->columns);
    free(right);
    free(widths);
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}
