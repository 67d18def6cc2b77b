#include "core/layout.h"

#include "base/check.h"

enum { VIP_ROWS = 2 };

enum seat_type layout_default_type(uint32_t rows, uint32_t cols, uint32_t place)
{
    CHECK(place < rows * cols);
    const uint32_t row = place / cols;
    const uint32_t col = place % cols + 1;
    if (row + VIP_ROWS >= rows) return SEAT_VIP;
    if (row == 0 && col % 2 == 0 && col != cols) return SEAT_COUPLE;
    return SEAT_STANDARD;
}

uint32_t layout_places(const struct seat_layout *layout)
{
    CHECK(layout->rows <= ROWS_MAX);
    CHECK(layout->cols <= COLS_MAX);
    return (uint32_t)layout->rows * layout->cols;
}

uint32_t layout_seats(const struct seat_layout *layout)
{
    const uint32_t places = layout_places(layout);
    uint32_t seats = 0;
    for (uint32_t place = 0; place < places; place++) {
        seats += layout->types[place] < SEAT_TYPE_COUNT;
    }
    return seats;
}
