/* predecessor_documents.h - documents as the predecessor's README has them, whole and damaged.
 *
 * Thread: any.
 */
#pragma once

#include <mongoc/mongoc.h>

#define OID(last) "{\"$oid\": \"64a7b8c9d0e1f2a3b4c5d6" last "\"}"
#define DATE(ms) "{\"$date\": {\"$numberLong\": \"" ms "\"}}"

/* As the predecessor's README has them. */
#define SHOWTIME \
    "{\"_id\": " OID("e7") ", \"movie_id\": " OID("01") ", \"cinema_id\": " OID( \
        "02") ", " \
              "\"screen_id\": \"S1\", \"start_time\": " DATE( \
                  "1700007200000") ", " \
                                   "\"end_time\": " DATE( \
                                       "1700014400000") ", " \
                                                        "\"price\": {\"standard\": 90000, " \
                                                        "\"vip\": 120000.0, \"couple\": 200000}, " \
                                                        "\"total_seats\": 3, " \
                                                        "\"available_seats\": 1, \"seats\": {" \
                                                        "\"A1\": {\"status\": \"available\"}, " \
                                                        "\"A3\": {\"status\": \"booked\", " \
                                                        "\"booking_id\": " OID( \
                                                            "e8") ", \"seat_type\": \"couple\"}, " \
                                                                  "\"B1\": {\"status\": " \
                                                                  "\"held\", " \
                                                                  "\"booking_id\": " OID( \
                                                                      "e9") ", \"seat_type\": " \
                                                                            "\"vip\", " \
                                                                            "\"held_until\":" \
                                                                            " " DATE("17000006000" \
                                                                                     "00") "}}, " \
                                                                                           "\"ver" \
                                                                                           "sion" \
                                                                                           "\": " \
                                                                                           "0, " \
                                                                                           "\"sta" \
                                                                                           "tus\"" \
                                                                                           ": " \
                                                                                           "\"sch" \
                                                                                           "edule" \
                                                                                           "d\", " \
                                                                                           "\"__" \
                                                                                           "v\": " \
                                                                                           "0}"

#define BOOKING \
    "{\"_id\": " OID("e9") ", \"booking_code\": \"BK-ABC12345\", \"user_id\": " OID( \
        "11") ", " \
              "\"showtime_id\": " OID( \
                  "e7") ", \"seats\": [{\"seat_id\": \"B1\", \"seat_type\": \"vip\", " \
                        "\"price\": 120000}], \"total_amount\": 120000.0, \"discount_amount\": " \
                        "0, " \
                        "\"final_amount\": 120000, \"currency\": \"VND\", \"status\": " \
                        "\"pending\", " \
                        "\"held_at\": " DATE("1700000000000") ", \"hold_expires_at\": " DATE( \
                            "1700000600000") ", " \
                                             "\"idempotency_key\": \"not a uuid\"}"

#define PAYMENT \
    "{\"_id\": " OID("eb") ", \"booking_id\": " OID("e9") ", \"user_id\": " OID( \
        "11") ", " \
              "\"amount\": 120000, \"currency\": \"VND\", \"payment_method\": \"momo\", " \
              "\"status\": \"pending\", \"expires_at\": " DATE("1700000900000") "}"

/* A value put in place of what stands there; NULL: the field is gone. */
struct damage {
    const char *field;
    const char *value; /* JSON: a document with the field. */
    const char *blamed;
};

/* Documents of JSON, to be destroyed; it must be right. */
bson_t *predecessor_document(const char *json);
bson_t *predecessor_damaged(const char *whole, const struct damage *damage);
