#include "app/app_locale.h"

#include "calendar/calendar.h"
#include "calendar/fold.h"

const struct locale *app_locale(void)
{
    static const struct locale locale = {.fold = fold_text,
                                         .open_zone = calendar_zone_open,
                                         .close_zone = calendar_zone_close,
                                         .date_of = calendar_date_of};
    return &locale;
}
