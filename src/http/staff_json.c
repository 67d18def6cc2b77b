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

void staff_json_entry(struct json_writer *writer, const struct journal_entry *entry)
{
    json_open_object(writer);
    json_member_time(writer, SLICE("at"), entry->at_ms);
    json_member_text(writer, SLICE("actor"), user_name(&entry->actor));
    json_member_text(writer, SLICE("role"), staff_role_name(entry->role));
    json_member_text(writer, SLICE("action"), journal_action_name(entry->action));
    json_member_text(writer, SLICE("subject_type"), journal_subject_kind(entry->action));
    member_id(writer, SLICE("subject_id"), entry->subject);
    json_member_text(writer, SLICE("detail"), reason_text(&entry->detail));
    json_close_object(writer);
}
