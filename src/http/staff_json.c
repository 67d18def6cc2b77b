#include "http/staff_json.h"

static void member_id(struct json_writer *writer, struct slice key, struct id id)
{
    char text[ID_HEX_SIZE];
    id_format(id, text);
    json_member_text(writer, key, (struct slice){text, sizeof text});
}

static void member_seats(struct json_writer *writer, struct slice key, const struct block *block)
{
    json_key(writer, key);
    json_open_array(writer);
    for (uint32_t index = 0; index < block->seat_count; index++) {
        char text[SEAT_NAME_SIZE_MAX];
        json_text(writer, (struct slice){text, seat_name_format(block->seats[index], text)});
    }
    json_close_array(writer);
}

void staff_json_block(struct json_writer *writer, const struct block *block)
{
    json_open_object(writer);
    member_id(writer, SLICE("block_id"), block->id);
    member_id(writer, SLICE("showtime_id"), block->showtime);
    member_seats(writer, SLICE("seats"), block);
    json_member_text(writer, SLICE("reason"), reason_text(&block->reason));
    json_member_time(writer, SLICE("created_at"), block->created_at_ms);
    json_member_text(writer, SLICE("created_by"), user_name(&block->created_by));
    json_close_object(writer);
}

void staff_json_released(struct json_writer *writer, const struct block *block)
{
    json_open_object(writer);
    member_id(writer, SLICE("block_id"), block->id);
    member_seats(writer, SLICE("seats_released"), block);
    json_close_object(writer);
}

void staff_json_cancelled(struct json_writer *writer, struct id showtime,
                          const struct staff_answer *answer)
{
    json_open_object(writer);
    member_id(writer, SLICE("showtime_id"), showtime);
    json_member_text(writer, SLICE("status"), showtime_status_name(SHOWTIME_CANCELLED));
    json_member_text(writer, SLICE("reason"), reason_text(&answer->cancellation_reason));
    json_member_time(writer, SLICE("cancelled_at"), answer->cancelled_at_ms);
    json_close_object(writer);
}

void staff_json_line(struct json_writer *writer, const struct journal_line *line)
{
    struct slice rest;
    json_open_object(writer);
    json_member_time(writer, SLICE("at"), line->at_ms);
    json_member_text(writer, SLICE("actor"), user_name(&line->actor));
    json_member_text(writer, SLICE("role"), line->role);
    json_member_text(writer, SLICE("action"), line->action);
    json_member_text(writer, SLICE("subject_type"), slice_cut(line->action, '.', &rest));
    member_id(writer, SLICE("subject_id"), line->subject);
    json_member_text(writer, SLICE("detail"), line->detail);
    json_close_object(writer);
}

size_t staff_json_line_size(const struct journal_line *line)
{
    enum { MEMBERS_SIZE = 512, ESCAPED_SIZE_MAX = 6 };
    const size_t texts = line->role.size + 2 * line->action.size + line->detail.size;
    return MEMBERS_SIZE + ESCAPED_SIZE_MAX * texts;
}
